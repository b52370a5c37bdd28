/**
 * Results on stdout: a table for a person, or one JSON object for a program. Progress and notes never come here.
 */

/** Prints the columns' names and the rows below them; a column of numbers is aligned to the right. */
export function printTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = rows.map((row) => row.map(String));
  const widths = columns.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const isNumeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const line = (row: readonly string[]) =>
    widths
      .map((width, i) => (isNumeric[i] ? (row[i] ?? "").padStart(width) : (row[i] ?? "").padEnd(width)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  console.log([line(columns), rule, ...cells.map(line)].join("\n"));
}

/** Prints one JSON object, indented. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
