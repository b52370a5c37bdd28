/** Pairs of masks for both sides, as raw bytes [D, H, W] of 0 | 1. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readNifti, type Vec3 } from "@medssl/imaging";

export interface MaskPairFile {
  readonly name: string;
  readonly truth: string;
  readonly prediction: string;
  readonly shape: Vec3;
  readonly spacingMm: Vec3;
}

const SHAPE: Vec3 = [200, 512, 512];
const SPACING_MM: Vec3 = [1.5, 0.8, 0.8];

type Inside = (z: number, y: number, x: number) => boolean;

export async function writeMaskPairs(dir: string): Promise<MaskPairFile[]> {
  const write = (name: string, truth: Uint8Array, prediction: Uint8Array, shape = SHAPE, spacingMm = SPACING_MM) => {
    const file = (side: string) => join(dir, `metrics-${name.replaceAll(/\W+/g, "-")}-${side}.bin`);
    writeFileSync(file("truth"), truth);
    writeFileSync(file("prediction"), prediction);
    return { name, truth: file("truth"), prediction: file("prediction"), shape, spacingMm };
  };
  const organ = draw(ellipsoid([100, 230, 200], [70, 120, 140], 0.1));
  const pairs = [
    write("organ", organ, draw(ellipsoid([103, 235, 196], [66, 124, 138], 0.15))),
    write("thin", draw(tubes(0)), draw(tubes(3))),
    write(
      "far",
      draw(ellipsoid([40, 100, 100], [20, 40, 40], 0.1)),
      draw(ellipsoid([150, 400, 400], [20, 40, 40], 0.1)),
    ),
  ];
  const real = process.env["MEDSSL_BENCH_MASK"];
  if (real === undefined) return pairs;
  const { shape, spacingMm, data } = (await readNifti(real)).volume(0);
  const mask = Uint8Array.from(data, (value) => (value > 0 ? 1 : 0));
  return [...pairs, write(`real ${shape.toReversed().join("x")}`, mask, gnawed(mask, shape), shape, spacingMm)];
}

function draw(inside: Inside): Uint8Array {
  const mask = new Uint8Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  for (let z = 0, i = 0; z < SHAPE[0]; z++) {
    for (let y = 0; y < SHAPE[1]; y++) for (let x = 0; x < SHAPE[2]; x++, i++) if (inside(z, y, x)) mask[i] = 1;
  }
  return mask;
}

/** With waves on its surface. */
function ellipsoid(center: Vec3, radii: Vec3, waves: number): Inside {
  return (z, y, x) => {
    const square =
      ((z - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2 + ((x - center[2]) / radii[2]) ** 2;
    return square + waves * Math.sin(x / 9) * Math.sin(y / 11) * Math.sin(z / 7) <= 1;
  };
}

/** Nine winding tubes through the whole volume. */
function tubes(shift: number): Inside {
  return (z, y, x) => {
    const [offY, offX] = [y - 40 * Math.sin(z / 23) - shift, x - 30 * Math.cos(z / 17)];
    return Math.hypot(((offY + 512) % 170) - 85, ((offX + 512) % 170) - 85) < 5 + 2 * Math.sin(z / 5 + shift);
  };
}

/** Moved by some voxels, with holes. */
function gnawed(mask: Uint8Array, [depth, height, width]: Vec3): Uint8Array {
  const [dz, dy, dx] = [1, 4, -3];
  const result = new Uint8Array(mask.length);
  for (let z = dz; z < depth; z++) {
    for (let y = dy; y < height; y++) {
      for (let x = 0; x < width + dx; x++) {
        const isHole = Math.sin(z / 3) * Math.sin(y / 8) * Math.sin(x / 10) > 0.8;
        if (!isHole) result[(z * height + y) * width + x] = mask[((z - dz) * height + y - dy) * width + x - dx]!;
      }
    }
  }
  return result;
}
