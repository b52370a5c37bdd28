/**
 * What may be suggested: images and volumes of stores, apart from those that are annotated or kept for testing.
 *
 * Items     an image, or a volume with its slices: all cases of one id up to its `#`.
 * Many      of more than `LOOKED_AT` items so many are looked at, evenly spread over the stores.
 * Never     patients of a split's test and validation, and of an official test or validation: they must stay unseen.
 * Errors    `ERR_SUGGEST_SPLIT` when a split is another store's, `ERR_SUGGEST_ANNOTATED` when what is named as annotated is not
 *           there, `ERR_SUGGEST_NONE` when nothing is left to choose from.
 */
import { MedsslError } from "@medssl/contract";
import type { Case, Split, Store } from "@medssl/datasets";
import { ImageSet } from "../data/image-set.ts";

/** `masks`: what has a mask; `none`: nothing; or ids of images, volumes or patients: the masks of all others are not known of. */
export type Annotated = "masks" | "none" | readonly string[];

export interface PoolItem {
  /** Of the image, or of the volume. */
  readonly id: string;
  readonly patient: string;
  readonly store: Store;
  readonly isVolume: boolean;
  /** Cases that are looked at, as positions in the set; of a volume at most `SLICES`, evenly spread. */
  readonly positions: readonly number[];
  readonly isAnnotated: boolean;
}

export interface Pool {
  readonly set: ImageSet;
  readonly items: readonly PoolItem[];
  /** Patients that are kept for testing, whose items are not in it. */
  readonly heldOut: number;
  /** Items that are not looked at, because there are more than `LOOKED_AT`. */
  readonly leftOut: number;
}

export interface PoolOptions {
  readonly stores: readonly Store[];
  readonly split?: Split | undefined;
  /** More patients who must stay unseen: of a model's own split. */
  readonly heldOutPatients: readonly string[];
  /** Patients that a model has learned from: annotated, whatever else is. */
  readonly learnedPatients: readonly string[];
  /** @default "masks" */
  readonly annotated?: Annotated | undefined;
}

/** Items that are looked at: as many tell the kinds that there are. */
const LOOKED_AT = 20_000;
/** Slices of a volume that are looked at. */
const SLICES = 16;

export function makePool(options: PoolOptions): Pool {
  const { stores, split, heldOutPatients, annotated = "masks" } = options;
  const learned = new Set(options.learnedPatients);
  const heldOut = new Set([...(split === undefined ? [] : [...split.test, ...split.validation]), ...heldOutPatients]);
  const all = stores.flatMap((store) => store.cases);
  requireOwnSplit(split, all, stores);
  for (const { patient, split: side } of all) {
    if (side === "test" || side === "validation") heldOut.add(patient);
  }
  const isAnnotated = annotatedRule(annotated, all, stores);
  const open = stores.map((store) =>
    [...Map.groupBy(store.cases, ({ id }) => itemOf(id)).values()].filter((cases) => !heldOut.has(cases[0]!.patient)),
  );
  const found = open.reduce((sum, ofStore) => sum + ofStore.length, 0);
  const share = Math.min(1, LOOKED_AT / Math.max(1, found));
  const selections = stores.map((store, i) => ({
    store,
    cases: evenly(open[i]!, Math.ceil(share * open[i]!.length)).flatMap((cases) => evenly(cases, SLICES)),
  }));
  if (selections.every(({ cases }) => cases.length === 0)) {
    throw new MedsslError(
      "ERR_SUGGEST_NONE",
      `Nothing to choose from: all patients of ${names(stores)} are held out.`,
      {
        hint: "Give a store with more patients, or a split that leaves some to learn from.",
      },
    );
  }
  const set = new ImageSet(selections);
  const storeOf = selections.flatMap(({ store, cases }) => cases.map(() => store));
  const groups = Map.groupBy(set.cases.keys(), (i) => `${storeOf[i]!.dir}\n${itemOf(set.cases[i]!.id)}`);
  const annotatedItems = new Set(
    all.filter((one) => learned.has(one.patient) || isAnnotated(one)).map(({ id }) => itemOf(id)),
  );
  const items = [...groups.values()].map((positions): PoolItem => {
    const first = set.cases[positions[0]!]!;
    const id = itemOf(first.id);
    const isVolume = first.id.includes("#");
    const store = storeOf[positions[0]!]!;
    return { id, patient: first.patient, store, isVolume, positions, isAnnotated: annotatedItems.has(id) };
  });
  return { set, items, heldOut: heldOut.size, leftOut: found - items.length };
}

/** `source/volume#0012` -> `source/volume`. */
export const itemOf = (id: string): string => id.split("#")[0]!;

function annotatedRule(annotated: Annotated, all: readonly Case[], stores: readonly Store[]): (one: Case) => boolean {
  if (annotated === "masks") return ({ hasMask }) => hasMask;
  if (annotated === "none") return () => false;
  const named = new Set(annotated.map(itemOf));
  const known = new Set(all.flatMap(({ id, patient }) => [itemOf(id), patient]));
  const missing = [...named].filter((name) => !known.has(name));
  if (missing.length > 0) {
    throw new MedsslError(
      "ERR_SUGGEST_ANNOTATED",
      `${missing.length} of ${named.size} annotated ones are not in ${names(stores)}, such as "${missing[0]}".`,
      { hint: "Name images, volumes or patients by their ids in the store, one a line." },
    );
  }
  return ({ id, patient }) => named.has(itemOf(id)) || named.has(patient);
}

function requireOwnSplit(split: Split | undefined, all: readonly Case[], stores: readonly Store[]): void {
  if (split === undefined) return;
  const patients = new Set(all.map(({ patient }) => patient));
  if ([...split.test, ...split.train].some((patient) => patients.has(patient))) return;
  throw new MedsslError("ERR_SUGGEST_SPLIT", `The split names no patient of ${names(stores)}.`, {
    hint: "Give the split that was made for this store: nobody could be kept for testing by this one.",
  });
}

const names = (stores: readonly Store[]): string => stores.map(({ dir }) => dir).join(", ");

/** At most `count` of the list, from its whole length. */
export function evenly<Item>(list: readonly Item[], count: number): Item[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / count)]!);
}
