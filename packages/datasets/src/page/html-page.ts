/** A page that is one file: its styles and pictures are in it, nothing is fetched and no script runs. */
import { readFileSync } from "node:fs";
import { html, type Markup, trusted } from "./markup.ts";

const base = new URL("./base.css", import.meta.url);

export interface HtmlPage {
  readonly title: string;
  /** Style sheets behind the base of all pages, or rules as text, in their order. */
  readonly styles: readonly (URL | string)[];
  readonly body: Markup;
}

export function htmlPage({ title, styles, body }: HtmlPage): string {
  const sheets = [base, ...styles].map((sheet) => (sheet instanceof URL ? readFileSync(sheet, "utf8") : sheet));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(sheets.join("\n"))}</style>
</head>
<body>${body}</body>
</html>
`.markup;
}
