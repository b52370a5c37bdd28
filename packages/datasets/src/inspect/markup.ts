/**
 * HTML as a template: what is put into it is escaped, unless it is markup itself. So no name of a folder or a label can
 * become a tag.
 */

export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | undefined | readonly Part[];

/** The template with its values escaped; lists are joined, undefined is nothing. */
export function html(texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return { markup: texts.reduce((page, text, i) => page + render(values[i - 1]) + text) };
}

/** Marks a text of our own as markup: a style sheet. */
export const trusted = (markup: string): Markup => ({ markup });

function render(value: Part): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
  return "markup" in value ? value.markup : value.map(render).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
