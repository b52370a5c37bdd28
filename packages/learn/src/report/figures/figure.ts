/**
 * What every figure of the report shares: the palette, the type, panels side by side and a legend.
 *
 * A figure is drawn several times: for a wide page, for a phone, and as a file. Hence `draw(style)`, and colors that are
 * CSS variables in a page (light, dark and print then cost nothing) and plain values in a file.
 *
 * Source   colors after Okabe & Ito (2008), distinguishable with the common kinds of color blindness.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Arm, ArmColor } from "../arm.ts";

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly faint: string;
  readonly paper: string;
  /** Of what cannot be trusted. */
  readonly alarm: string;
  readonly arms: Readonly<Record<ArmColor, string>>;
}

export const lightPalette: Palette = {
  ink: "#1c1b19",
  muted: "#6b6862",
  faint: "#e4e1da",
  paper: "#fffefb",
  alarm: "#b3140f",
  arms: {
    unet: "#4f3a2b",
    "auto-unet": "#a8842c",
    imported: "#b03a6f",
    scratch: "#979a9f",
    mim: "#2a78b8",
    "mim+acl": "#d2530b",
    simclr: "#0b8f6c",
    "swin-proxies": "#8455b0",
  },
};

export const darkPalette: Palette = {
  ink: "#e9e6e0",
  muted: "#a29e97",
  faint: "#35332f",
  paper: "#181715",
  alarm: "#ff7a6e",
  arms: {
    unet: "#d3ab85",
    "auto-unet": "#e0c060",
    imported: "#e58bb2",
    scratch: "#8b8e94",
    mim: "#62abe6",
    "mim+acl": "#f38344",
    simclr: "#3fc39c",
    "swin-proxies": "#b892de",
  },
};

/** Colors as variables that the page sets from one of the palettes above. */
export const pagePalette: Palette = {
  ink: "var(--ink)",
  muted: "var(--muted)",
  faint: "var(--faint)",
  paper: "var(--paper)",
  alarm: "var(--alarm)",
  arms: {
    unet: "var(--unet)",
    "auto-unet": "var(--auto-unet)",
    imported: "var(--imported)",
    scratch: "var(--scratch)",
    mim: "var(--mim)",
    "mim+acl": "var(--mim-acl)",
    simclr: "var(--simclr)",
    "swin-proxies": "var(--swin-proxies)",
  },
};

export interface FigureStyle {
  readonly palette: Palette;
  /** Pixels. Below `NARROW` panels are stacked and labels at line ends become a legend. */
  readonly width: number;
}

export const NARROW = 500;
export const FONT_SIZE = 12.5;
const FONT_FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

export interface Figure {
  /** File name without extension, such as `figure-2`. */
  readonly name: string;
  /** Such as "Figure 2". */
  readonly title: string;
  /** How to read it, in plain text. */
  readonly caption: string;
  /** Returns an SVG document without an XML header. */
  readonly draw: (style: FigureStyle) => string;
}

export interface Panel {
  readonly svg: SVGElement;
  readonly width: number;
  readonly height: number;
}

const { document } = parseHTML("<html></html>");
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Draws one plot, without the style sheet that Plot adds: its rules would leak into the page. */
export function panel(options: Plot.PlotOptions & { readonly width: number; readonly height: number }): Panel {
  const svg = Plot.plot({ document, ...options }) as SVGElement;
  svg.querySelector("style")?.remove();
  for (const name of ["font-family", "font-size", "fill", "class"]) svg.removeAttribute(name);
  return { svg, width: options.width, height: options.height };
}

/** Puts panels into rows of `columns`, a legend of `arms` above them. */
export function compose(style: FigureStyle, panels: readonly Panel[], columns: number, arms: readonly Arm[]): string {
  const legendRows = legend(style, arms);
  const root = element("svg", {
    xmlns: SVG_NAMESPACE,
    "font-family": FONT_FAMILY,
    "font-size": FONT_SIZE,
    fill: style.palette.ink,
    color: style.palette.ink,
    role: "img",
  });
  root.append(...legendRows.items);
  let y = legendRows.height;
  for (let first = 0; first < panels.length; first += columns) {
    const row = panels.slice(first, first + columns);
    let x = 0;
    for (const { svg, width } of row) {
      svg.setAttribute("x", String(x));
      svg.setAttribute("y", String(y));
      root.append(svg);
      x += width;
    }
    y += Math.max(...row.map(({ height }) => height));
  }
  root.setAttribute("viewBox", `0 0 ${style.width} ${y}`);
  root.setAttribute("width", String(style.width));
  root.setAttribute("height", String(y));
  return root.outerHTML;
}

/** Dashes and diamonds for an arm whose head is not the study's own; see `arm.ts`. */
export function dashOf(arm: Arm): string {
  return arm.isVariant ? "5 3.5" : "none";
}

export function symbolOf(arm: Arm): Plot.SymbolType {
  return arm.isVariant ? "diamond" : "circle";
}

export function colorOf(style: FigureStyle, arm: Arm): string {
  return style.palette.arms[arm.color];
}

/** An upper estimate of a text's width in pixels: wide fonts must fit too. */
export function textWidth(text: string): number {
  return text.length * FONT_SIZE * 0.68;
}

function legend(style: FigureStyle, arms: readonly Arm[]): { items: Element[]; height: number } {
  if (arms.length === 0) return { items: [], height: 0 };
  const [swatch, gap, rowHeight] = [24, 22, 22];
  const items: Element[] = [];
  let [x, y] = [0, 0];
  for (const arm of arms) {
    const width = swatch + 7 + textWidth(arm.name);
    if (x > 0 && x + width > style.width) [x, y] = [0, y + rowHeight];
    const stroke = { stroke: colorOf(style, arm), "stroke-width": 2.5, "stroke-dasharray": dashOf(arm) };
    const line = element("line", { x1: x, x2: x + swatch, y1: y + 10, y2: y + 10, ...stroke });
    const text = element("text", { x: x + swatch + 7, y: y + 14.5 });
    text.textContent = arm.name;
    items.push(line, text);
    x += width + gap;
  }
  return { items, height: y + rowHeight + 6 };
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const node = document.createElementNS(SVG_NAMESPACE, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
