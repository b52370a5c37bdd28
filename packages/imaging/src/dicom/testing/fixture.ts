/** The small files of ../fixtures, for tests; make-fixtures.py there has made them. */

import { readFileSync } from "node:fs";

export interface ExpectedFixture {
  readonly stored: { readonly shape: readonly number[]; readonly values: readonly number[] };
  /** After the modality's transformation, VOI table and palette, by pydicom. */
  readonly scan?: { readonly values: readonly number[] };
}

export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

export function expectedOfFixtures(): Readonly<Record<string, ExpectedFixture>> {
  return JSON.parse(new TextDecoder().decode(fixture("expected.json")));
}
