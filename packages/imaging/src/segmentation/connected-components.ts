/**
 * The connected parts of a label map.
 *
 * Shapes   labels [D, H, W]; a picture has D = 1, and all that is said of three axes holds for two.
 * Parts    voxels of one label that touch. Structures touch by faces, edges and corners (8 neighbours in a picture, 26 in
 *          a volume); background by faces only (4 or 6), so that a line one voxel wide parts what lies on its sides.
 * Cost     linear in the voxels: runs along x are joined to those of the rows before, by union-find with path halving.
 * Source   He, Chao, Suzuki, "A run-based two-scan labeling algorithm", IEEE TIP 17 (2008).
 */
import type { Vec3 } from "../scan.ts";

export interface LabelVolume {
  readonly labels: Uint8Array;
  /** [depth, height, width] */
  readonly shape: Vec3;
}

export interface Components {
  /** First voxel of each run, and the one behind its last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Component of each run, from 0. */
  readonly ofRun: Int32Array;
  /** Of each component: its label, and its voxels. */
  readonly values: Uint8Array;
  readonly sizes: Int32Array;
}

/** @param of Parts of the structures, each label by itself; or of what has no label. */
export function findComponents({ labels, shape }: LabelVolume, of: "structures" | "background"): Components {
  const runs = new Runs(labels, shape, of === "background");
  const [depth, height] = shape;
  const isFull = of === "structures";
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = z * height + y;
      if (y > 0) runs.join(row, row - 1, isFull);
      if (z === 0) continue;
      runs.join(row, row - height, isFull);
      if (isFull && y > 0) runs.join(row, row - height - 1, isFull);
      if (isFull && y < height - 1) runs.join(row, row - height + 1, isFull);
    }
  }
  return runs.components();
}

class Runs {
  readonly #labels: Uint8Array;
  readonly #width: number;
  #starts = new Int32Array(1024);
  #ends = new Int32Array(1024);
  readonly #parents: Int32Array;
  /** Runs before each row. */
  readonly #before: Int32Array;
  #count = 0;

  constructor(labels: Uint8Array, [depth, height, width]: Vec3, isBackground: boolean) {
    this.#labels = labels;
    this.#width = width;
    this.#before = new Int32Array(depth * height + 1);
    for (let row = 0; row < depth * height; row++) {
      const stop = (row + 1) * width;
      for (let i = row * width; i < stop; ) {
        const value = labels[i]!;
        const start = i;
        while (i < stop && labels[i] === value) i++;
        if ((value === 0) === isBackground) this.#add(start, i);
      }
      this.#before[row + 1] = this.#count;
    }
    this.#parents = Int32Array.from({ length: this.#count }, (_, run) => run);
  }

  #add(start: number, end: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  /** Joins the runs of two rows that touch; by their corners too if `isFull`. */
  join(row: number, other: number, isFull: boolean): void {
    const [starts, ends] = [this.#starts, this.#ends];
    const shift = (row - other) * this.#width;
    const reach = isFull ? 1 : 0;
    const joinPair = (a: number, b: number) => {
      const touches = starts[a]! - shift < ends[b]! + reach && starts[b]! < ends[a]! - shift + reach;
      if (touches && this.#labels[starts[a]!] === this.#labels[starts[b]!]) this.#union(a, b);
    };
    const [stop, otherStop] = [this.#before[row + 1]!, this.#before[other + 1]!];
    let [a, b] = [this.#before[row]!, this.#before[other]!];
    while (a < stop && b < otherStop) {
      joinPair(a, b);
      const ahead = ends[a]! - shift - ends[b]!;
      // Where both end together, the next run of either row may touch this one of the other by a corner.
      if (ahead === 0 && a + 1 < stop) joinPair(a + 1, b);
      if (ahead < 0) a++;
      else b++;
    }
  }

  #root(run: number): number {
    const parents = this.#parents;
    let at = run;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  }

  #union(first: number, second: number): void {
    const [a, b] = [this.#root(first), this.#root(second)];
    if (a < b) this.#parents[b] = a;
    else this.#parents[a] = b;
  }

  components(): Components {
    const ofRun = new Int32Array(this.#count);
    let count = 0;
    // The root of a component is its first run.
    for (let run = 0; run < this.#count; run++) {
      const root = this.#root(run);
      ofRun[run] = root === run ? count++ : ofRun[root]!;
    }
    const [values, sizes] = [new Uint8Array(count), new Int32Array(count)];
    for (let run = 0; run < this.#count; run++) {
      values[ofRun[run]!] = this.#labels[this.#starts[run]!]!;
      sizes[ofRun[run]!]! += this.#ends[run]! - this.#starts[run]!;
    }
    return {
      starts: this.#starts.subarray(0, this.#count),
      ends: this.#ends.subarray(0, this.#count),
      ofRun,
      values,
      sizes,
    };
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(2 * array.length);
  twice.set(array);
  return twice;
}

/** A part of the background that one structure encloses. */
export interface Hole {
  readonly value: number;
  readonly size: number;
  /** Pairs of first voxel and the one behind the last. */
  readonly runs: readonly (readonly [start: number, end: number])[];
}

/** Parts of the background that do not reach the border and have no other neighbour than one structure. */
export function findHoles(volume: LabelVolume): Hole[] {
  const components = findComponents(volume, "background");
  const { starts, ends, ofRun, sizes } = components;
  const enclosing = enclosingLabels(volume, components);
  const runs = new Map<number, [number, number][]>();
  for (const [run, component] of ofRun.entries()) {
    if (enclosing[component]! <= 0) continue;
    const own = runs.get(component) ?? [];
    own.push([starts[run]!, ends[run]!]);
    runs.set(component, own);
  }
  return [...runs].map(([component, own]) => ({ value: enclosing[component]!, size: sizes[component]!, runs: own }));
}

const SEVERAL = -1;

/** The only label around each part of the background; `SEVERAL` where there are more, or the border. */
function enclosingLabels({ labels, shape }: LabelVolume, { starts, ends, ofRun, sizes }: Components): Int16Array {
  const [depth, height, width] = shape;
  const found = new Int16Array(sizes.length);
  for (const [run, component] of ofRun.entries()) {
    const start = starts[run]!;
    const row = Math.floor(start / width);
    const [y, z] = [row % height, Math.floor(row / height)];
    const isAtBorder =
      start === row * width ||
      ends[run] === (row + 1) * width ||
      y === 0 ||
      y === height - 1 ||
      (depth > 1 && (z === 0 || z === depth - 1));
    if (isAtBorder) found[component] = SEVERAL;
  }
  const note = (component: number, i: number) => {
    const value = labels[i]!;
    if (value === 0 || found[component] === value) return;
    found[component] = found[component] === 0 ? value : SEVERAL;
  };
  const offsets = depth > 1 ? [-width, width, -width * height, width * height] : [-width, width];
  for (const [run, component] of ofRun.entries()) {
    if (found[component] === SEVERAL) continue;
    const [start, end] = [starts[run]!, ends[run]!];
    note(component, start - 1);
    note(component, end);
    for (const offset of offsets) for (let i = start; i < end; i++) note(component, i + offset);
  }
  return found;
}
