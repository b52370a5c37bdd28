/**
 * HTML as a template: what is put into it is escaped, unless it is markup itself. So a patient id, a label or a setting
 * can never become a tag.
 */

export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | undefined | readonly Part[];

/** Returns the template with its values escaped; lists are joined, undefined is nothing. */
export function html(texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const rest = values.map((value, i) => render(value) + texts[i + 1]);
  return { markup: texts[0] + rest.join("") };
}

/** Marks a text of our own as markup: a drawn figure, a style sheet. */
export function trusted(markup: string): Markup {
  return { markup };
}

function render(value: Part): string {
  if (value === undefined) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  return "markup" in value ? value.markup : value.map(render).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
