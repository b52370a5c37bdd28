/**
 * An inspection as one HTML file that needs nothing else: style and pictures are inside, and no script at all.
 *
 * Privacy   it holds pictures of the images, and says so. Images are called by their ids in the store; no patient, no
 *           path and nothing of `private/` is on it.
 */

import { labelColor } from "@medssl/imaging";
import { htmlPage } from "../page/html-page.ts";
import { html, type Markup } from "../page/markup.ts";
import type { Store } from "../store/store.ts";
import { contactSheet, drawImage, type SheetPicture, type SheetSource } from "./contact-sheet.ts";
import { counted, type Finding, type Inspection, type NamedPair } from "./inspection.ts";

import { likenessText } from "./near-duplicates.ts";
import { kindsTable, labelsTable, sourcesTable } from "./page-tables.ts";
import { storeNames } from "./store-names.ts";

/** Images of each source on the contact sheet, and pairs of near-duplicates. */
const SHOWN = 12;

/** @param stores Those that were inspected, for the pictures. @param seed Chooses them. */
export async function inspectionPage(inspection: Inspection, stores: readonly Store[], seed = 0): Promise<string> {
  const sheet = await contactSheet(stores, SHOWN, seed);
  const pairs = await drawPairs(inspection.nearDuplicates?.pairs.slice(0, SHOWN) ?? [], stores);
  const title = inspection.stores.map(({ name }) => name).join(" + ");
  const numPictures = sheet.reduce((sum, { pictures }) => sum + pictures.length, 0) + 2 * pairs.length;
  return htmlPage({
    title: `${title}: data report`,
    styles: [new URL("./page.css", import.meta.url), new URL("./screens.css", import.meta.url)],
    body: html`
${header(inspection, title, numPictures)}
<main>
${findingsSection(inspection.findings)}
<h2 id="contents">What is in it</h2>
${sourcesTable(inspection)}
<h3>Pictures as they came, and as they are stored</h3>
${kindsTable(inspection)}
${inspection.labels.length > 0 ? html`<h2 id="labels">Labels</h2>${labelsTable(inspection)}` : undefined}
${sheetSection(sheet, inspection)}
${pairs.length > 0 ? pairsSection(pairs, inspection) : undefined}
${methodSection(inspection)}
</main>
<footer>MedSSL-ViT. Research software, not a medical device.</footer>
`,
  });
}

function header(inspection: Inspection, title: string, numPictures: number): Markup {
  const { totals, sources, created, labels } = inspection;
  const meta = [
    counted(
      totals.images,
      totals.images === totals.items ? "image" : "image or slice",
      totals.images === totals.items ? "images" : "images and slices",
    ),
    counted(totals.patients, "patient"),
    counted(sources.length, "source"),
    ...(totals.masks > 0
      ? [`${totals.masks === totals.images ? "all" : totals.masks.toLocaleString("en-US")} with a mask`]
      : []),
    created.slice(0, 10),
  ];
  const links = [
    ["findings", "Findings"],
    ["contents", "What is in it"],
    ...(labels.length > 0 ? [["labels", "Labels"]] : []),
    ["sheet", "Contact sheet"],
    ...(inspection.nearDuplicates?.count ? [["pairs", "Pairs that look alike"]] : []),
    ["method", "How it was looked at"],
  ];
  return html`
    <header>
      <p class="overline">Data report</p>
      <h1>${title}</h1>
      <p class="meta">${meta.map((part) => html`<span>${part}</span>`)}</p>
      <p class="lead">${leadOf(inspection.findings)}</p>
      <p class="privacy"><b>This page holds ${counted(numPictures, "picture")} of the images.</b> It calls them by
        their ids in the store and names no patient, but treat it as you treat the images themselves: pass it on only to
        people who may see them.</p>
      <nav aria-label="Sections">${links.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
    </header>`;
}

/** What matters most, in a sentence or two. */
function leadOf(findings: readonly Finding[]): string {
  const of = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity);
  const [errors, warnings] = [of("error"), of("warning")];
  if (errors.length > 0) {
    const more = errors.length - 1;
    return `${errors[0]!.title}${more > 0 ? ` There ${more === 1 ? "is another error" : `are ${more} more errors`}.` : ""}`;
  }
  if (warnings.length > 0) return `No errors. ${counted(warnings.length, "thing")} to look at before training.`;
  return "Nothing was found that stands in the way of an honest result.";
}

const SEVERITY_NAMES = { error: "Error", warning: "Look at", note: "Note", ok: "OK" } as const;

function findingsSection(findings: readonly Finding[]): Markup {
  const open = findings.filter(({ severity }) => severity !== "ok");
  const passed = findings.filter(({ severity }) => severity === "ok");
  const items = open.map(
    ({ severity, title, advice, examples = [] }) => html`
      <li class="${severity}"><span class="severity">${SEVERITY_NAMES[severity]}</span><div><b>${title}</b>
        ${advice === undefined ? undefined : html`<p>${advice}</p>`}
        ${examples.length > 0 ? html`<ul class="examples">${examples.map((text) => html`<li>${text}</li>`)}</ul>` : undefined}</div></li>`,
  );
  return html`
    <h2 id="findings">Findings</h2>
    <ul class="findings">${items}</ul>
    ${passed.length > 0 ? html`<h3>Looked for and in order</h3><ul class="passed">${passed.map(({ title }) => html`<li>${title}</li>`)}</ul>` : undefined}`;
}

function sheetSection(sheet: readonly SheetSource[], { stores }: Inspection): Markup {
  const hasMasks = sheet.some(({ pictures }) => pictures.some(({ overlaid }) => overlaid !== undefined));
  const groups = sheet.map(({ store, source, pictures }) => {
    const labels = stores.find(({ name }) => name === store)!.labels;
    const isMasked = pictures.some(({ overlaid }) => overlaid !== undefined);
    return html`
      <h3>${source} <small>${stores.length > 1 ? `in ${store}` : ""}</small></h3>
      <div class="pictures">${pictures.map(pictureFigure)}</div>
      ${isMasked ? html`<p class="legend">${labels.map((name, i) => html`<span>${swatch(i + 1)}${name}</span>`)}</p>` : undefined}`;
  });
  return html`
    <h2 id="sheet">Contact sheet</h2>
    <p class="aside">${`Up to ${SHOWN} images of each source, chosen at random, of as many patients as there are.`}
      ${hasMasks ? "Masks are tinted and outlined." : ""}</p>
    <div class="sheet">${hasMasks ? html`<input type="checkbox" id="bare"><label class="bare-label" for="bare">without masks</label>` : undefined}
    ${groups}</div>`;
}

const swatch = (label: number): Markup =>
  html`<i class="swatch" style="--color: rgb(${labelColor(label).join(" ")})"></i>`;

function pictureFigure({ id, window, plain, overlaid }: SheetPicture): Markup {
  const name = shortId(id);
  return html`<figure><span class="picture"><img src="${plain}" alt="${name}" loading="lazy">${
    overlaid === undefined ? undefined : html`<img class="overlaid" src="${overlaid}" alt="" loading="lazy">`
  }</span><figcaption>${name}${window === undefined ? "" : `, ${window}`}</figcaption></figure>`;
}

/** Without the source, which stands above; a hash by its beginning. */
const shortId = (id: string): string =>
  id
    .slice(id.indexOf("/") + 1)
    .replace(/\b([0-9a-f]{8})[0-9a-f]{12}\b/, "$1")
    .replace(/#0*(\d+)/, ", slice $1");

interface DrawnPair extends NamedPair {
  readonly pictures: readonly [SheetPicture, SheetPicture];
}

async function drawPairs(pairs: readonly NamedPair[], stores: readonly Store[]): Promise<DrawnPair[]> {
  const names = storeNames(stores);
  const draw = ({ store, id }: NamedPair["one"]) => drawImage(stores[names.indexOf(store)]!, id);
  const drawn: DrawnPair[] = [];
  for (const pair of pairs) drawn.push({ ...pair, pictures: [await draw(pair.one), await draw(pair.other)] });
  return drawn;
}

function pairsSection(pairs: readonly DrawnPair[], { nearDuplicates, stores }: Inspection): Markup {
  const name = ({ store, id, side }: NamedPair["one"]) => {
    const place = stores.length > 1 ? `${store}: ` : "";
    return `${place}${id.split("/")[0]}/${shortId(id)}${side === null ? "" : ` (${side})`}`;
  };
  const figures = pairs.map(
    ({ one, other, pictures, ...pair }) =>
      html`<figure class="pair">${pictures.map(
        ({ plain }) => html`<span class="picture"><img src="${plain}" alt="" loading="lazy"></span>`,
      )}<figcaption>${name(one)} and ${name(other)}, ${likenessText(pair)}</figcaption></figure>`,
  );
  return html`
    <h2 id="pairs">Pairs that look alike</h2>
    <p class="aside">Images of two patients that are nearly the same picture: ${pairs.length} of ${nearDuplicates!.count}, the most alike first.</p>
    <div class="pairs">${figures}</div>`;
}

function methodSection({ nearDuplicates: near, split, kinds }: Inspection): Markup {
  const sides =
    split &&
    `${split.file ?? "the data sets' own splits"}: ${(["train", "validation", "test"] as const).map((side) => `${split.patients[side]} ${side}`).join(", ")} (patients)`;
  const isScan = kinds.some(({ recipe }) => recipe === "ct" || recipe === "mr");
  const isHounsfield = kinds.some(({ unit }) => unit === "HU");
  return html`
    <h2 id="method">How it was looked at</h2>
    <dl>
      <dt>Same pictures</dt><dd>Stored pixels whose checksums (CRC-32), sums of values and squares, and means of 72 fields are equal. Images of one value are left out.</dd>
      <dt>Near-duplicates</dt><dd>${
        near === undefined
          ? "Not looked for."
          : `Of ${counted(near.images, "image")}, those of two patients whose 64-bit perceptual hashes differ in at most ${near.maxHashBits} bits and whose 512-bit fingerprints are close: ${counted(near.checkedPairs, "pair")}. Their fine structure was correlated, at the best of small shifts; a pair counts from ${near.leastLikeness}. Different people's chest X-rays reach 0.76, copies that were saved again, brightened, scaled or moved by two pixels hardly ever less than 0.85. ${isScan ? "Slices of CT and MR were compared mirrored, too. " : ""}Copies that were cropped or turned are not found.`
      }</dd>
      <dt>Split</dt><dd>${sides ?? "None was checked."}</dd>
      <dt>Intensities</dt><dd>Mean, standard deviation, least and largest value of all stored pixels, borders that were added included${
        isHounsfield ? "; in Hounsfield units for CT, else grey values of 0-255" : "; grey values of 0-255"
      }.</dd>
      <dt>Writing</dt><dd>The file's own tag, or rows of letters within the outer 15 % of the picture. One or two letters, such as L and R, are not counted; faint, small or upright writing is missed.</dd>
      <dt>Published counts</dt><dd>Of the data set's authors. Less is a partial download and no fault.</dd>
    </dl>`;
}
