/**
 * Suggestions as pictures, so that a person sees why: each chosen image beside those that it stands for.
 *
 * Files    OUT/suggestions.png, a row for each suggestion, the chosen one first; OUT/suggestions.html, the same with its words;
 *          OUT/suggestions.csv and OUT/suggestions.json, the list.
 * Private  they name files and show images of patients.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { csvTable, html, htmlPage, type Markup } from "@medssl/datasets";
import { type Image, montage, writePng } from "@medssl/imaging";
import { interpolate, scope } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import { grayImage } from "../evaluation/pictures.ts";
import { dataUri } from "../report/picture.ts";
import type { Suggestion, Suggestions } from "./suggest.ts";

/** Longer side of a picture, in pixels. */
const SIDE = 160;

/** Pictures of all, in rows of as many; blank where a kind has fewer members. */
const ROW = 5;

export interface SuggestionFiles {
  readonly csv: string;
  readonly json: string;
  readonly png: string;
  readonly html: string;
}

/** Writes the four files into a folder. */
export async function writeSuggestions(dir: string, found: Suggestions): Promise<SuggestionFiles> {
  mkdirSync(dir, { recursive: true });
  const path = (extension: string) => join(dir, `suggestions.${extension}`);
  const files = { csv: path("csv"), json: path("json"), png: path("png"), html: path("html") };
  writeFileSync(files.csv, suggestionsCsv(found.suggestions));
  writeFileSync(files.json, `${JSON.stringify(listed(found), undefined, 2)}\n`);
  const pictures = found.suggestions.map(({ shown }) => rowOf(found.set, shown));
  await writePng(files.png, montage(pictures));
  const rowPath = path("row.png");
  const uris: string[] = [];
  for (const [i, { shown }] of found.suggestions.entries()) {
    await writePng(rowPath, montage([pictures[i]!.slice(0, shown.length)]));
    uris.push(dataUri("image/png", readFileSync(rowPath)));
  }
  rmSync(rowPath);
  writeFileSync(files.html, page(found, uris));
  return files;
}

/** What a program reads: without what is for the pictures alone. */
export function listed({ suggestions, open, annotated }: Suggestions) {
  return { open, annotated, suggestions: suggestions.map(({ shown: _, ...rest }) => rest) };
}

const suggestionsCsv = (suggestions: readonly Suggestion[]): string =>
  csvTable(
    ["rank", "id", "patient", "store", "file", "slices", "score", "disagreement", "stands_for", "reason"],
    suggestions.map((one, i) => [
      i + 1,
      one.id,
      one.patient,
      one.store,
      one.file,
      one.slices.join(" "),
      one.score,
      one.disagreement,
      one.standsFor,
      one.reason,
    ]),
  );

function rowOf(set: ImageSet, shown: readonly number[]): Image<Uint8Array>[] {
  const factor = SIDE / Math.max(set.height, set.width);
  const size = [Math.round(set.height * factor), Math.round(set.width * factor)] as const;
  const images = scope(() =>
    interpolate(set.images(shown), size, "bilinear-antialias")
      .unbind(0)
      .map((image) => grayImage(image)),
  );
  const blank = {
    width: size[1],
    height: size[0],
    channels: 1,
    data: new Uint8Array(size[0] * size[1]).fill(255),
  } as const;
  return Array.from({ length: ROW }, (_, i) => images[i] ?? blank);
}

function page({ suggestions, open, annotated }: Suggestions, rows: readonly string[]): string {
  const entry = (one: Suggestion, i: number): Markup => html`
    <section>
      <h2>${i + 1}. ${one.id}</h2>
      <p>${one.reason}. Score ${one.score}.${one.slices.length > 0 ? ` Begin with the slices ${one.slices.join(", ")}.` : ""}</p>
      ${one.file === undefined ? undefined : html`<p class="file"><code>${one.file}</code></p>`}
      <img src="${rows[i]!}" alt="the suggested image, then those most alike">
    </section>`;
  return htmlPage({
    title: "Which to annotate next",
    styles: [
      "main{max-width:900px;margin:2rem auto;padding:0 1rem}h2{font-size:1rem;margin:1.6rem 0 .2rem;overflow-wrap:anywhere}p{margin:.2rem 0}.file{overflow-wrap:anywhere;opacity:.75}img{max-width:100%;margin-top:.4rem}",
    ],
    body: html`<main><h1>Which to annotate next</h1>
      <p>${suggestions.length} of ${open} that nobody has annotated; ${annotated} are annotated. In each row the suggested one comes first,
      behind it those of its kind that are most like it. A picture that shows no proper image can be left out: the next of its row
      stands for the same kind.</p>${suggestions.map(entry)}</main>`,
  });
}
