/**
 * Pictures of a place and of where it was found, for a person who knows the anatomy.
 *
 * Image    as the store has it, in the original's proportions, without what pads it.
 * Query    a cross hair, open in the middle, so that the place itself can be seen.
 * Found    warm where the image is like the place that was asked for; a ring with a dot around the best point, small rings
 *          around the next ones.
 * Colors   of Okabe and Ito: blue for what was asked and answered, orange for heat.
 */
import { type Color, fitPlace, type Image, LABEL_COLORS, type Place } from "@medssl/imaging";
import { grayImage } from "../evaluation/pictures.ts";
import type { FoundPlace } from "./place-search.ts";
import { imageTensor, type RegionImage } from "./region-image.ts";
import { UNSEEN } from "./similarity-map.ts";

/** Longer side of a picture, in pixels. */
const SIDE = 480;
const MARK: Color = [255, 255, 255];
const BLUE: Color = LABEL_COLORS[2]!;
const ORANGE: Color = LABEL_COLORS[1]!;

/** @param place In the stored image. */
export function drawQuery(image: RegionImage, place: Place): Image<Uint8Array> {
  const canvas = new Canvas(image);
  canvas.crossHair(place);
  return canvas.picture;
}

/** @param found Of which peaks and alignment are in the stored image. */
export function drawFound(image: RegionImage, found: FoundPlace): Image<Uint8Array> {
  const canvas = new Canvas(image);
  canvas.heat(found);
  const [best, ...others] = found.peaks;
  for (const peak of others) canvas.ring(peak, 6, MARK);
  if (best !== undefined) {
    canvas.ring(best, 13, BLUE);
    canvas.ring(best, 1.5, BLUE);
  }
  return canvas.picture;
}

/** The picture in the middle of a white square, so that pictures of all proportions go side by side. */
export function onSquare({ width, height, data }: Image<Uint8Array>): Image<Uint8Array> {
  const square = new Uint8Array(SIDE * SIDE * 3).fill(255);
  const [left, top] = [Math.floor((SIDE - width) / 2), Math.floor((SIDE - height) / 2)];
  for (let y = 0; y < height; y++) {
    square.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * SIDE + left) * 3);
  }
  return { width: SIDE, height: SIDE, channels: 3, data: square };
}

class Canvas {
  readonly picture: Image<Uint8Array>;
  /** The part of the stored image that is shown. */
  readonly #corner: Place;
  readonly #extent: Place;

  constructor(image: RegionImage) {
    const { recipe, width, height } = image;
    const [first, last] = [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ].map((place) => fitPlace(place, recipe, width, height)) as [Place, Place];
    const inside = (share: number) => Math.max(0, Math.min(1, share));
    this.#corner = { x: inside(first.x), y: inside(first.y) };
    this.#extent = { x: inside(last.x) - this.#corner.x, y: inside(last.y) - this.#corner.y };
    const shownWidth = (width * this.#extent.x) / (last.x - first.x);
    const shownHeight = (height * this.#extent.y) / (last.y - first.y);
    const factor = SIDE / Math.max(shownWidth, shownHeight);
    const [columns, rows] = [shownWidth, shownHeight].map((side) => Math.max(1, Math.round(side * factor)));
    const data = new Uint8Array(columns! * rows! * 3);
    this.picture = { width: columns!, height: rows!, channels: 3, data };
    const gray = grayImage(imageTensor(image, "cpu"));
    this.#eachPixel((place, at) => data.fill(sample(gray.data, gray, place), at, at + 3));
  }

  heat({ map, alignment: { x, y } }: FoundPlace): void {
    const sorted = map.values.filter((value) => value !== UNSEEN).toSorted();
    const best = sorted.at(-1)!;
    const usual = sorted[sorted.length >> 1]!;
    // Cold up to two thirds of the way from what is usual to the best.
    const floor = usual + 0.65 * (best - usual);
    const grid = { width: map.size, height: map.size };
    this.#eachPixel((place, at) => {
      const inQuery = { x: (place.x - x.shift) / x.scale, y: (place.y - y.shift) / y.scale };
      const warmth = Math.max(0, (sample(map.values, grid, inQuery) - floor) / (best - floor));
      this.#tint(at, ORANGE, 0.55 * warmth ** 1.5);
    });
  }

  /** @param radius In pixels, to the middle of the line. */
  ring(place: Place, radius: number, color: Color): void {
    const [x, y] = this.#toPixels(place);
    this.#line(x, y, radius, color, (dx, dy) => Math.abs(Math.hypot(dx, dy) - radius));
  }

  crossHair(place: Place): void {
    const [x, y] = this.#toPixels(place);
    const [inner, outer] = [9, 30];
    this.#line(x, y, outer, BLUE, (dx, dy) => {
      const [along, across] = Math.abs(dx) > Math.abs(dy) ? [Math.abs(dx), Math.abs(dy)] : [Math.abs(dy), Math.abs(dx)];
      return Math.hypot(across, Math.max(0, inner - along, along - outer));
    });
  }

  /** Colors what is near a line, dark around it so that it is seen on bright and dark. */
  #line(x: number, y: number, reach: number, color: Color, distance: (dx: number, dy: number) => number): void {
    const { width, height } = this.picture;
    const around = reach + 4;
    for (let row = Math.max(0, Math.floor(y - around)); row < Math.min(height, y + around); row++) {
      for (let column = Math.max(0, Math.floor(x - around)); column < Math.min(width, x + around); column++) {
        const off = distance(column + 0.5 - x, row + 0.5 - y);
        const at = (row * width + column) * 3;
        this.#tint(at, [0, 0, 0], 0.7 * Math.max(0, Math.min(1, 2.8 - off)));
        this.#tint(at, color, Math.max(0, Math.min(1, 1.6 - off)));
      }
    }
  }

  #tint(at: number, color: Color, share: number): void {
    const { data } = this.picture;
    for (let channel = 0; channel < 3; channel++) {
      data[at + channel] = Math.round(data[at + channel]! + share * (color[channel]! - data[at + channel]!));
    }
  }

  #toPixels({ x, y }: Place): [x: number, y: number] {
    const { width, height } = this.picture;
    return [((x - this.#corner.x) / this.#extent.x) * width, ((y - this.#corner.y) / this.#extent.y) * height];
  }

  /** @param visit Gets the pixel's place in the stored image, and where its color begins. */
  #eachPixel(visit: (place: Place, at: number) => void): void {
    const { width, height } = this.picture;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const x = this.#corner.x + ((column + 0.5) / width) * this.#extent.x;
        const y = this.#corner.y + ((row + 0.5) / height) * this.#extent.y;
        visit({ x, y }, (row * width + column) * 3);
      }
    }
  }
}

/** The value at a place, linear between the middles of the pixels. */
function sample(
  values: Uint8Array | Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  { x, y }: Place,
): number {
  const column = Math.max(0, Math.min(width - 1, x * width - 0.5));
  const row = Math.max(0, Math.min(height - 1, y * height - 0.5));
  const [left, top] = [Math.min(width - 2, Math.floor(column)), Math.min(height - 2, Math.floor(row))];
  const [u, v] = [column - left, row - top];
  const at = top * width + left;
  const upper = values[at]! * (1 - u) + values[at + 1]! * u;
  const lower = values[at + width]! * (1 - u) + values[at + width + 1]! * u;
  return upper * (1 - v) + lower * v;
}
