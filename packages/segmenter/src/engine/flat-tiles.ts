/**
 * Tiles that are one value throughout, as the air around a patient and a picture's black border are: all of the same value
 * have the same probabilities, which the network need find only once.
 *
 * Equal    to `learn`'s `slideOver`: those of the most frequent such value, if they are two or more.
 */
import type { Planes } from "./standardize.ts";

export interface Place {
  readonly image: number;
  readonly top: number;
  readonly left: number;
}

export class FlatTiles {
  readonly #names: ReadonlySet<string>;
  /** One of them. */
  readonly sample: Place;

  private constructor(places: readonly Place[]) {
    this.#names = new Set(places.map(nameOf));
    this.sample = places[0]!;
  }

  static find(images: Planes, tops: readonly number[], lefts: readonly number[], tile: number): FlatTiles | undefined {
    const byValue = new Map<string, Place[]>();
    for (let image = 0; image < images.numImages; image++) {
      for (const top of tops) {
        for (const left of lefts) {
          const place = { image, top, left };
          const value = flatValue(images, place, tile);
          if (value === undefined) continue;
          const places = byValue.get(value);
          if (places === undefined) byValue.set(value, [place]);
          else places.push(place);
        }
      }
    }
    const [most = []] = [...byValue.values()].sort((a, b) => b.length - a.length);
    return most.length < 2 ? undefined : new FlatTiles(most);
  }

  has(place: Place): boolean {
    return this.#names.has(nameOf(place));
  }
}

const nameOf = ({ image, top, left }: Place): string => `${image} ${top} ${left}`;

/** The values of its channels; undefined where one has several, or one that is no number. */
function flatValue(
  { data, channels, height, width }: Planes,
  { image, top, left }: Place,
  tile: number,
): string | undefined {
  const values: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const start = ((image * channels + channel) * height + top) * width + left;
    const value = data[start]!;
    for (let y = 0, row = start; y < tile; y++, row += width) {
      for (let x = row; x < row + tile; x++) if (data[x] !== value) return undefined;
    }
    values.push(value);
  }
  return values.join();
}
