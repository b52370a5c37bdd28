/** Comma-separated values. Source: RFC 4180. */

export type Field = string | number | undefined;

export function csvTable(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  return [header, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** Quotes a text that would break its row. */
function field(value: Field): string {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
