import { labelColor } from "@medssl/imaging";
import { html, type Markup } from "../page/markup.ts";
import type { Inspection, KindContents, LabelContents, Range, SourceContents } from "./inspection.ts";
import { decimalText, percentText, rangeText } from "./number-text.ts";

export function sourcesTable({ sources, stores }: Inspection): Markup {
  const rows = sources.map(
    (source) => html`<tr>
      <th scope="row">${source.name}<small>${source.title}${stores.length > 1 ? `, in ${source.store}` : ""}</small></th>
      <td>${source.patients.toLocaleString("en-US")}${source.unknownPatients > 0 ? html`<small>unknown</small>` : undefined}</td>
      <td>${source.items.toLocaleString("en-US")}${publishedOf(source, "images")}</td>
      <td>${source.images === source.items ? "" : source.images.toLocaleString("en-US")}</td>
      <td>${source.maskedItems === 0 ? "" : source.maskedItems.toLocaleString("en-US")}${publishedOf(source, "masks")}</td>
      <td class="text">${groupsOf(source)}</td></tr>`,
  );
  return html`<div class="scroll"><table>
    <thead><tr><th>Source</th><th>Patients</th><th>Images</th><th>Slices</th><th>With mask</th><th class="text">Groups</th></tr></thead>
    <tbody>${rows}</tbody></table></div>`;
}

function publishedOf({ published }: SourceContents, what: "images" | "masks"): Markup | undefined {
  const count = published.find((one) => one.what === what);
  return count && html`<small>of ${count.published.toLocaleString("en-US")}</small>`;
}

/** Official split, strata and views, each a line. */
function groupsOf({ officialSplit, strata, views }: SourceContents): Markup[] {
  return [officialSplit, strata, views]
    .map((groups) => Object.entries(groups).map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`))
    .filter((parts) => parts.length > 0)
    .map((parts) => html`<small>${parts.join(", ")}</small>`);
}

export function kindsTable({ kinds }: Inspection): Markup {
  const rows = kinds.map(
    (kind) => html`<tr>
      <th scope="row">${kind.source}<small>${[kind.recipe, ...kind.modalities].join(", ")}</small></th>
      <td>${kind.commonestSize.size}${sizesOf(kind)}</td>
      <td>${kind.slices[1] > 1 ? rangeText(kind.slices) : ""}</td>
      <td>${spacingText(kind)}</td>
      <td>${kind.storedAs.split(" ")[0]}<small>${kind.storedAs.split(" ").slice(1).join(" ")}</small></td>
      <td>${decimalText(kind.mean)} ± ${decimalText(kind.std)}<small>${rangeText([kind.low, kind.high])}${kind.unit === "HU" ? " HU" : ""}</small></td></tr>`,
  );
  return html`<div class="scroll"><table>
    <thead><tr><th>Source</th><th>Original size</th><th>Slices</th><th>Spacing, mm</th><th>Stored as</th><th>Intensity</th></tr></thead>
    <tbody>${rows}</tbody></table></div>`;
}

function sizesOf({ commonestSize, numSizes, width, height }: KindContents): Markup {
  if (numSizes === 1) return html`<small>all</small>`;
  return html`<small>${percentText(commonestSize.share)}, ${numSizes} sizes</small>
    <small>${rangeText(width)} x ${rangeText(height)}</small>`;
}

function spacingText({ spacingX, spacingY, spacingZ, withoutSpacing, images }: KindContents): Markup | string {
  if (spacingX === undefined || spacingY === undefined) return html`<small>not known</small>`;
  const inPlane: Range = [Math.min(spacingX[0], spacingY[0]), Math.max(spacingX[1], spacingY[1])];
  const unknown = withoutSpacing > 0 ? `, ${percentText(withoutSpacing / images)} not known` : "";
  const between = spacingZ === undefined ? "" : `${rangeText(spacingZ)} between slices`;
  return html`${rangeText(inPlane)}<small>${between}${unknown}</small>`;
}

export function labelsTable({ labels, stores }: Inspection): Markup {
  const most = Math.max(...labels.map(({ pixelShare }) => pixelShare));
  const numberOf = ({ store, name }: LabelContents) =>
    stores.find((one) => one.name === store)!.labels.indexOf(name) + 1;
  const rows = labels.map((label) => {
    const color = `rgb(${labelColor(numberOf(label)).join(" ")})`;
    return html`<tr>
      <th scope="row"><i class="swatch" style="--color: ${color}"></i>${label.name}<small>${label.source}</small></th>
      <td>${label.patients.toLocaleString("en-US")}<small>of ${label.ofPatients.toLocaleString("en-US")}</small></td>
      <td>${label.images.toLocaleString("en-US")}<small>of ${label.ofImages.toLocaleString("en-US")}</small></td>
      <td>${percentText(label.pixelShareWhereShown)}</td>
      <td>${percentText(label.pixelShare)}${label.pixelShare === 0 ? undefined : bar(label.pixelShare / most, color)}</td></tr>`;
  });
  return html`<div class="scroll"><table>
    <thead><tr><th>Label</th><th>Patients</th><th>Images and slices</th><th>Pixels where shown</th><th>Pixels of all with a mask</th></tr></thead>
    <tbody>${rows}</tbody></table></div>`;
}

const bar = (share: number, color: string): Markup =>
  html`<span class="bar"><i style="--share: ${share.toFixed(3)}; --color: ${color}"></i></span>`;
