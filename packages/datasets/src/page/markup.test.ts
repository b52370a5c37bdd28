import assert from "node:assert/strict";
import { test } from "node:test";
import { html, trusted } from "./markup.ts";

test("values are escaped, markup and lists of markup are not", () => {
  const name = `<b a="1" b='2'>&</b>`;
  assert.equal(html`<p>${name}</p>`.markup, "<p>&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;&lt;/b&gt;</p>");
  assert.equal(html`${[1, 2].map((i) => html`<i>${i}</i>`)}`.markup, "<i>1</i><i>2</i>");
  assert.equal(html`a${undefined}b${trusted("<hr>")}`.markup, "ab<hr>");
});
