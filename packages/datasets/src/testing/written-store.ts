/**
 * A store for tests, written case by case: what a test says of a case, and plain values for the rest.
 */

import { mkdirSync } from "node:fs";
import { measureSlice } from "../ingest/slice-measures.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { Random } from "../random.ts";
import type { CatalogCase } from "../store/catalog-schema.ts";
import type { Pixels } from "../store/npy-file.ts";
import type { RecipeName } from "../store/recipe.ts";
import { openStore, type Store } from "../store/store.ts";
import { StoreWriter } from "../store/store-writer.ts";
import { caseValues } from "./case-values.ts";

export interface WrittenCase extends Partial<Omit<CatalogCase, "source" | "patient" | "recipe">> {
  /** Name of its source, which is its layout's too, unless `layout` says another one. */
  readonly source?: string;
  readonly layout?: string;
  /** Any name; the store has its hash. */
  readonly patient?: string;
  readonly recipe?: RecipeName;
  /** [size, size]; noise of its own where it is left out. */
  readonly pixels?: Pixels;
  /** Label indices [size, size], or the labels that occur; a case without has no mask. */
  readonly labels?: Uint8Array | readonly number[];
}

export interface WrittenStoreOptions {
  /** Side of every image. @default 16 */
  readonly size?: number;
  /** Names of the labels 1, 2, ... @default ["organ", "tumor"] */
  readonly labelNames?: readonly string[];
  /** @default "salt" */
  readonly salt?: string;
}

/** The hash that a written store has for a patient's name. */
export const patientHash = (name: string): string => shortHash(name).slice(0, 20);

export function writtenStore(dir: string, cases: readonly WrittenCase[], options: WrittenStoreOptions = {}): Store {
  const { size = 16, labelNames = ["organ", "tumor"], salt = "salt" } = options;
  mkdirSync(dir, { recursive: true });
  mkdirSync(`${dir}/private`, { recursive: true });
  const writer = new StoreWriter(dir);
  writer.agreeOnRecipes({ width: size, height: size }, true);
  writer.agreeOnLabels(
    labelNames.map((name, i) => ({ value: i + 1, name })),
    "the test",
  );
  writer.catalog.saveSetting("salt", salt);
  for (const [i, written] of cases.entries()) {
    const { source = "source", layout = source, patient, recipe = "picture", pixels: own, labels, ...given } = written;
    const pixels = own ?? noise(i, size, recipe === "ct");
    const mask = labels && (labels instanceof Uint8Array ? labels : stripes(labels, size));
    const { labelCounts, ...measures } = measureSlice(pixels, size, size, mask);
    const id = given.id ?? `${source}/${String(i).padStart(4, "0")}`;
    writer.add({
      values: caseValues(id, {
        item: id.split("#")[0]!,
        source: writer.catalog.saveSource(source, layout, "told by the test"),
        patient: patientHash(patient ?? `${dir} ${id}`),
        isPatientKnown: patient !== undefined,
        recipe,
        width: size,
        height: size,
        content: shortHash(`${dir} ${i}`),
        maskContent: mask === undefined ? null : shortHash(mask),
        labelCounts: labelCounts === undefined ? null : JSON.stringify(labelCounts),
        ...measures,
        ...given,
      }),
      pixels,
      labels: mask,
    });
  }
  writer.finish();
  writer.close();
  return openStore(dir);
}

/** Blurred noise, as no other number has it: pictures that do not look alike. */
export function noise(seed: number, size: number, isHounsfield = false): Pixels {
  const random = new Random(seed, 17);
  const cells = Float64Array.from({ length: 81 }, () => random.next());
  const pixels = isHounsfield ? new Int16Array(size * size) : new Uint8Array(size * size);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [((i % size) / size) * 8, (Math.floor(i / size) / size) * 8];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const at = (dx: number, dy: number) => cells[(top + dy) * 9 + left + dx]!;
    const upper = at(0, 0) + (x - left) * (at(1, 0) - at(0, 0));
    const lower = at(0, 1) + (x - left) * (at(1, 1) - at(0, 1));
    const value = upper + (y - top) * (lower - upper);
    pixels[i] = isHounsfield ? Math.round(value * 1000 - 500) : Math.round(value * 255);
  }
  return pixels;
}

/** A stripe of each label below one another, background in the rest. */
function stripes(labels: readonly number[], size: number): Uint8Array {
  const mask = new Uint8Array(size * size);
  for (const [i, label] of labels.entries()) mask.fill(label, i * size, (i + 1) * size);
  return mask;
}
