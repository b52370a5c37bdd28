/**
 * Made-up images that an exported model is tried on: phantoms, in the numbers that it learned from. No person is in them.
 *
 * Shapes   [depth, height, width]; not of the model's own size, nor square, so that bringing it there is tried as well.
 * Depth    1, or one slice more than a network of several slices sees.
 */
import type { SegmentationPlan } from "@medssl/contract";
import { generatePhantom, type PhantomTask, TorsoScan } from "@medssl/datasets";
import { type Scan, selectChannel } from "@medssl/imaging";

const SEEDS = [11, 12];
const LARGEST_SIZE = 512;
/** Rows that are left out, as a share: pictures are no squares. */
const CUT_SHARE = 1 / 8;
/** Between the slices of a phantom. */
const GAP_MM = 6;

type GoldenPlan = Pick<SegmentationPlan, "slices" | "contextSlices" | "kinds">;

export function goldenImages(plan: GoldenPlan): Scan<Uint8Array | Int16Array>[] {
  const { width, height, dtype } = plan.slices;
  const size = Math.min(2 * Math.ceil((5 * Math.max(width, height)) / 8), LARGEST_SIZE);
  return SEEDS.map((seed) => {
    if (dtype === "uint8" && plan.contextSlices === 0) return picture(plan, seed, size);
    const depth = plan.contextSlices === 0 ? 1 : 2 * plan.contextSlices + 2;
    return dtype === "int16" ? torso(seed, size, depth) : asShown(torso(seed, size, depth));
  });
}

const tasks: Readonly<Record<string, PhantomTask>> = { xray: "lungs", mr: "cardiac", ct: "cardiac", fundus: "vessels" };

function picture({ kinds, slices: { channel } }: GoldenPlan, seed: number, size: number): Scan<Uint8Array> {
  const { image, channels } = generatePhantom(tasks[kinds[0] ?? "xray"] ?? "lungs", seed, { size });
  const { data } = selectChannel({ width: size, height: size, channels, data: image }, channel);
  return { shape: [1, ...cut(size)], channels: 1, meaning: "shown", data: data.slice(0, cut(size)[0] * size) };
}

function torso(seed: number, size: number, depth: number): Scan<Int16Array> {
  const scan = new TorsoScan(seed, size);
  const [height, width] = cut(size);
  const data = new Int16Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const { density } = scan.slice(GAP_MM * z);
    data.set(density.subarray(0, height * width), z * height * width);
  }
  return { shape: [depth, height, width], channels: 1, meaning: "hounsfield", data };
}

/** Height and width of what is left of a square. */
const cut = (size: number): readonly [number, number] => [Math.round(size * (1 - CUT_SHARE)), size];

/** In a soft-tissue window. */
function asShown({ data, ...scan }: Scan<Int16Array>): Scan<Uint8Array> {
  const bytes = Uint8Array.from(data, (value) => Math.min(Math.max((value + 175) * (255 / 425), 0), 255));
  return { ...scan, meaning: "shown", data: bytes };
}
