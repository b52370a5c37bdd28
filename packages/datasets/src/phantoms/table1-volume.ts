/**
 * A volume of AMOS22's miniature and its labels: a phantom's scan as int16, in one of the orientations that occur.
 *
 * CT       Hounsfield units.
 * MR       what the tissues would show in a T1-like sequence, by their density: fat is bright, air and bone are dark; with
 *          the slow shading that coils leave.
 */

import type { Affine, Scan } from "@medssl/imaging";
import type { VolumeJob } from "./table1-plan.ts";
import { TorsoScan, type TorsoSlice } from "./torso-scan.ts";

export function drawVolume(job: VolumeJob): { readonly image: Scan; readonly labels: Scan } {
  const { seed, modality, size, numSlices, spacingZ, orientation } = job;
  const scan = new TorsoScan(seed, size);
  const strides = voxelStrides(orientation, size, numSlices);
  const data = new Int16Array(size * size * numSlices);
  const labels = new Uint8Array(data.length);
  // The belly is what AMOS22 is about: of the heights that are left over, most are above.
  const [low, high] = scan.heights;
  const bottom = low + 0.2 * Math.max(0, high - low - numSlices * spacingZ);
  for (let slice = 0; slice < numSlices; slice++) {
    const drawn = scan.slice(bottom + slice * spacingZ);
    if (modality === "MR") toMagnetic(drawn.density, size);
    place(drawn, size, strides.start + slice * strides.z, strides, data, labels);
  }
  const geometry = {
    shape: [numSlices, size, size] as const,
    channels: 1 as const,
    affine: affineOf(orientation, scan.pitch, spacingZ, size, numSlices),
  };
  return {
    image: { ...geometry, data, meaning: modality === "CT" ? "hounsfield" : "relative" },
    labels: { ...geometry, data: labels, meaning: "relative" },
  };
}

/** Where in the file a voxel one further to the left, to the back, to the head lies, and where the first one does. */
interface Strides {
  readonly start: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** @param orientation Two letters of the plane, then S or I: slices come last in the file. */
function voxelStrides(orientation: string, size: number, numSlices: number): Strides {
  const stride = (letters: string, forward: string): number => {
    const axis = [...orientation].findIndex((letter) => letters.includes(letter));
    const step = [1, size, size * size][axis]!;
    return orientation[axis] === forward ? step : -step;
  };
  const [x, y, z] = [stride("LR", "L"), stride("PA", "P"), stride("SI", "S")];
  const fromEnd = (step: number, count: number) => (step < 0 ? -step * (count - 1) : 0);
  return { start: fromEnd(x, size) + fromEnd(y, size) + fromEnd(z, numSlices), x, y, z };
}

function place(
  slice: TorsoSlice,
  size: number,
  start: number,
  { x, y }: Strides,
  data: Int16Array,
  labels: Uint8Array,
) {
  for (let row = 0, from = 0; row < size; row++) {
    for (let column = 0, to = start + row * y; column < size; column++, from++, to += x) {
      data[to] = slice.density[from]!;
      labels[to] = slice.labels[from]!;
    }
  }
}

/** Voxel (i, j, k) to millimeters RAS+, the middle of the scan at 0. */
function affineOf(orientation: string, pitch: number, spacingZ: number, size: number, numSlices: number): Affine {
  const steps = [pitch, pitch, spacingZ];
  const counts = [size, size, numSlices];
  const rows = [
    ["R", "L"],
    ["A", "P"],
    ["S", "I"],
  ].map(([forward, backward]) => {
    const row = [...orientation].map((letter, axis) =>
      letter === forward ? steps[axis]! : letter === backward ? -steps[axis]! : 0,
    );
    const offset = row.reduce((sum, step, axis) => sum - (step * (counts[axis]! - 1)) / 2, 0);
    return [...row, offset];
  });
  return [...rows.flat(), 0, 0, 0, 1];
}

/** HU and what they show in MR; between them in a straight line. */
const CONTRAST = [
  [-1024, 8],
  [-700, 30],
  [-150, 620],
  [-70, 600],
  [0, 150],
  [60, 260],
  [110, 340],
  [200, 300],
  [400, 120],
  [1000, 40],
] as const;

const contrastTable = Int16Array.from({ length: 4096 }, (_, i) => {
  const density = Math.min(Math.max(i - 1024, CONTRAST[0][0]), 999);
  const above = CONTRAST.findIndex(([knot]) => knot > density);
  const [[left, low], [right, high]] = [CONTRAST[above - 1]!, CONTRAST[above]!];
  return low + ((high - low) * (density - left)) / (right - left);
});

function toMagnetic(density: Int16Array, size: number): void {
  for (let i = 0; i < density.length; i++) {
    const [x, y] = [(i % size) / size - 0.5, Math.floor(i / size) / size - 0.5];
    density[i] = contrastTable[density[i]! + 1024]! * (1.15 - 0.5 * (x * x + y * y) + 0.2 * x);
  }
}
