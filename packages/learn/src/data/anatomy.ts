/**
 * What is known, without labels, of where in the body an image was taken.
 *
 * Kinds    images of one kind show the body in the same projection: frontal X-rays, lateral ones, axial slices of CT, ... Places
 *          of two kinds are not compared.
 * Heights  along the body, of CT and MR slices, in image sides. They compare within one frame of reference alone: all images
 *          of a projection (whose height is 0), the slices of one volume by the scanner's z (whose zero differs from patient to
 *          patient, as does what was scanned; along the stack where the file does not say how it lies), and all of
 *          DeepLesion's by its normalised location.
 * Source   DeepLesion's location: Yan et al., J. Med. Imaging 5(3):036501 (2018).
 */
import type { RecipeName, Store } from "@medssl/datasets";
import type { Selection } from "./image-set.ts";

export interface Anatomy {
  readonly kind: AnatomyKind;
  /** Whether the whole depth of the body is in the picture, and (x, y) says all. */
  readonly isProjection: boolean;
  /** Frame of reference of `height`; -1 where the height is unknown. */
  readonly heightFrame: number;
  /** In image sides; 0 where unknown. */
  readonly height: number;
}

export const ANATOMY_KINDS = ["frontal", "lateral", "ct", "mr", "fundus", "picture"] as const;
export type AnatomyKind = (typeof ANATOMY_KINDS)[number];

interface Row {
  readonly shard: number;
  readonly row: number;
  readonly recipe: RecipeName;
  readonly view: string | null;
  readonly location: string | null;
  readonly item: string;
  readonly zMm: number | null;
  /** Along the stack, from its first slice. */
  readonly alongStackMm: number | null;
  readonly sideMm: number | null;
}

/** Length of the body that DeepLesion's locations of 0-1 go along, about. */
const BODY_MM = 1000;
/** Where a slice does not say how large it is. */
const USUAL_SIDE_MM = 360;

/** Of each case, in the order of an `ImageSet` of the same selections. */
export function anatomyOf(selections: readonly Selection[]): Anatomy[] {
  const frames = new Map<string, number>();
  const frameOf = (name: string): number => {
    const frame = frames.get(name) ?? frames.size;
    frames.set(name, frame);
    return frame;
  };
  const byStore = new Map<Store, Map<number, Row[]>>();
  return selections.flatMap(({ store, cases }, number) => {
    const rows = byStore.get(store) ?? rowsOf(store);
    byStore.set(store, rows);
    return cases.map(({ shard, row }) => {
      const found = rows.get(shard)![row]!;
      const kind = kindOf(found);
      const isProjection = kind !== "ct" && kind !== "mr";
      if (isProjection) return { kind, isProjection, heightFrame: frameOf(kind), height: 0 };
      const sideMm = found.sideMm ?? USUAL_SIDE_MM;
      const normalized = found.location === null ? undefined : (JSON.parse(found.location) as number[])[2];
      if (normalized !== undefined) {
        return { kind, isProjection, heightFrame: frameOf("deeplesion"), height: (normalized * BODY_MM) / sideMm };
      }
      const heightMm = found.zMm ?? found.alongStackMm;
      if (heightMm === null) return { kind, isProjection, heightFrame: -1, height: 0 };
      return { kind, isProjection, heightFrame: frameOf(`${number}/${found.item}`), height: heightMm / sideMm };
    });
  });
}

/** Whether the images are slices of volumes of which no file says how they lie in the patient, though how large voxels are. */
export function isAsStored(selections: readonly Selection[]): boolean {
  const inStores = selections.filter(({ cases }) => cases.length > 0);
  return inStores.every(({ store, cases }) => {
    const rows = store.query<{ id: string }>(
      "SELECT id FROM cases WHERE slices > 1 AND z_mm IS NULL AND spacing_z IS NOT NULL",
    );
    const found = new Set(rows.map(({ id }) => id));
    return cases.every(({ id }) => found.has(id));
  });
}

/** The rows of a store's catalog by shard and row. */
function rowsOf(store: Store): Map<number, Row[]> {
  const shards = new Map<number, Row[]>();
  const rows = store.query<Row>(
    `SELECT shard, row, recipe, view, location, item, z_mm AS zMm,
       CASE WHEN slices > 1 THEN slice * spacing_z END AS alongStackMm,
       max(width * spacing_x, height * spacing_y) AS sideMm FROM cases`,
  );
  for (const row of rows) {
    const shard = shards.get(row.shard) ?? [];
    shards.set(row.shard, shard);
    shard[row.row] = row;
  }
  return shards;
}

function kindOf({ recipe, view }: Row): AnatomyKind {
  if (recipe !== "xray") return recipe;
  return view === "lateral" ? "lateral" : "frontal";
}
