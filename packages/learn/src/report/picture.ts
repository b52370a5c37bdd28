/**
 * Figures as files, and pictures as parts of a page.
 *
 * Fonts    a PNG is set in DejaVu Sans, which comes as a package: no font of the machine is asked for or needed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { type Figure, lightPalette } from "./figures/figure.ts";

const FILE_WIDTH = 760;
/** Pixels of a PNG per unit of its figure: sharp in print at column width. */
const PNG_SCALE = 3;

const require = createRequire(import.meta.url);
const fontFiles = [
  require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
];

/** Draws the figure for paper: plain colors on white. */
export function figureSvg(figure: Figure): string {
  return figure.draw({ palette: { ...lightPalette, paper: "#ffffff" }, width: FILE_WIDTH });
}

/** Writes `NAME.svg` and `NAME.png` into `dir` and returns their paths. */
export function writeFigure(figure: Figure, dir: string): string[] {
  mkdirSync(dir, { recursive: true });
  const svg = figureSvg(figure);
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans" };
  const drawing = new Resvg(svg, { background: "#ffffff", fitTo: { mode: "zoom", value: PNG_SCALE }, font });
  const paths = [join(dir, `${figure.name}.svg`), join(dir, `${figure.name}.png`)] as const;
  writeFileSync(paths[0], `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`);
  writeFileSync(paths[1], drawing.render().asPng());
  return [...paths];
}

/** Reads a PNG of the study as a data URI; undefined when it is gone, which must not cost the report. */
export function pictureUri(dir: string, path: string): string | undefined {
  try {
    return dataUri("image/png", readFileSync(join(dir, path)));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

export function dataUri(type: string, content: string | Buffer): string {
  return `data:${type};base64,${Buffer.from(content).toString("base64")}`;
}
