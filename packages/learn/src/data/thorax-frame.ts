/**
 * Where the lungs lie in a frontal X-ray, from its projections alone: no label, no network.
 *
 * Frame    the box in an image, [x0, y0, x1, y1] in image sides, that would be the whole image if the lungs lay where they
 *          usually do. Places that are counted in it mean the same anatomy in images of other fields of view.
 * Profiles means down the middle columns and across the middle rows, 64 values each. A chest is bright, dark, bright, dark,
 *          bright from side to side, and bright, dark, bright from the shoulders down.
 * Fit      every box near the usual one says where the profile's template (`thorax-profiles.json`) would lie; boxes are
 *          averaged, weighted by how well theirs correlates and how near the usual one they are.
 * Templates are means over 400 phantoms, by `scripts/thorax-profiles.ts`: no image of any person is in them.
 * Accuracy on 704 X-rays with lung masks (Montgomery, Shenzhen) the sides' spread about the truth falls from 0.042, 0.041,
 *          0.044 and 0.088 image sides (left, top, right, bottom; one box for all) to 0.020, 0.034, 0.023 and 0.047, by
 *          `benchmarks/thorax-accuracy.ts`.
 */
import { cat, type Device, fromTypedArray, interpolate, keep, noGrad, scope, type Tensor } from "@medssl/torch";
import profiles from "./thorax-profiles.json" with { type: "json" };

/** Values of a profile. */
const BINS = 64;
/** The rows that columns are averaged over, and the other way round; shares of the image. */
const ROWS = [0.25, 0.6] as const;
const COLUMNS = [0.2, 0.8] as const;
/** How far a box's side may lie from the usual one: standard deviation of what is expected, in image sides. */
const SPREAD = 0.05;
/** How much a correlation counts beside that. */
const SHARPNESS = 60;

/** Template over places from -0.15 to 1.2 of the lungs' extent, and their usual ends in an image. */
interface AxisProfile {
  readonly template: readonly number[];
  readonly usual: readonly number[];
}

const TEMPLATE_RANGE = [-0.15, 1.2] as const;

/** Possible ends of the lungs along one axis, and what a profile would look like with each. */
interface Candidates {
  /** [G, 2] */
  readonly ends: Tensor;
  /** Of length 1 each, [BINS, G]. */
  readonly templates: Tensor;
  /** [G] */
  readonly logPrior: Tensor;
}

const byDevice = new Map<Device, Readonly<Record<"x" | "y", Candidates>>>();

/**
 * @param images Grey values of any scale [B, 1, H, W].
 * @param isFrontal 0 or 1 for each image, [B], or one for all; others have the whole image as their frame.
 * @returns [B, 4]
 */
export function thoraxFrames(images: Tensor, isFrontal: Tensor | 0 | 1): Tensor {
  return noGrad(() =>
    scope(() => {
      const whole = fromTypedArray(Float32Array.of(0, 0, 1, 1), [1, 4])
        .to({ device: images.device })
        .expand([images.size(0), 4]);
      if (isFrontal === 0) return whole;
      const [x, y] = [profiles.x, profiles.y];
      const [left, right] = standardEnds(lungEnds(images, "x"), x);
      const [top, bottom] = standardEnds(lungEnds(images, "y"), y);
      const found = cat([left, top, right, bottom], 1);
      if (isFrontal === 1) return found;
      return found.sub(whole).mul(isFrontal.unsqueeze(1)).add(whole);
    }),
  );
}

/** The lungs' ends along an axis, in image sides: [B, 2]. @param images [B, 1, H, W] */
export function lungEnds(images: Tensor, axis: "x" | "y"): Tensor {
  return scope(() => {
    const candidates = byDevice.get(images.device) ?? prepare(images.device);
    const small = interpolate(images, [BINS, BINS], "bilinear-antialias").squeeze(1); // [B, BINS, BINS]
    const [across, [from, to]] = axis === "x" ? ([1, ROWS] as const) : ([2, COLUMNS] as const);
    const profile = small.slice(across, Math.floor(from * BINS), Math.floor(to * BINS)).mean([across]);
    return fit(profile, candidates[axis]);
  });
}

/** Where an image would end whose lungs are the usual part of it: two of [B, 1]. @param ends [B, 2] */
function standardEnds(ends: Tensor, { usual: [usualLow, usualHigh] }: AxisProfile): [Tensor, Tensor] {
  const [low, high] = ends.chunk(2, 1) as [Tensor, Tensor];
  const side = high.sub(low).div(usualHigh! - usualLow!);
  const start = low.sub(side.mul(usualLow!));
  return [start, start.add(side)];
}

/** @param profile [B, BINS] @returns Ends of the lungs, [B, 2] */
function fit(profile: Tensor, { ends, templates, logPrior }: Candidates): Tensor {
  const centered = profile.sub(profile.mean([1], true));
  const unit = centered.div(centered.norm(1, true).clamp(1e-6));
  return unit.matmul(templates).mul(SHARPNESS).add(logPrior).softmax(1).matmul(ends);
}

function prepare(device: Device): Readonly<Record<"x" | "y", Candidates>> {
  const made = { x: candidatesOf(profiles.x, device), y: candidatesOf(profiles.y, device) };
  byDevice.set(device, made);
  return made;
}

function candidatesOf({ template, usual: [usualLow, usualHigh] }: AxisProfile, device: Device): Candidates {
  const offsets = Array.from({ length: 25 }, (_, i) => SPREAD * (-3 + i / 4));
  const ends = offsets.flatMap((low) => offsets.map((high) => [usualLow! + low, usualHigh! + high] as const));
  const templates = ends.map(([low, high]) => {
    const values = Array.from({ length: BINS }, (_, i) => sample(template, ((i + 0.5) / BINS - low) / (high - low)));
    const mean = values.reduce((sum, value) => sum + value, 0) / BINS;
    const length = Math.hypot(...values.map((value) => value - mean));
    return values.map((value) => (value - mean) / length);
  });
  const logPrior = ends.map(([low, high]) => -((low - usualLow!) ** 2 + (high - usualHigh!) ** 2) / (2 * SPREAD ** 2));
  return scope(() => {
    const onDevice = (rows: readonly (readonly number[])[]) =>
      fromTypedArray(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]).to({ device });
    return {
      ends: keep(onDevice(ends)),
      templates: keep(onDevice(templates).transpose(0, 1).contiguous()),
      logPrior: keep(onDevice([logPrior]).squeeze(0)),
    };
  });
}

/** The template at a place of the lungs' extent, linear between its values; beyond its ends the last one. */
function sample(template: readonly number[], place: number): number {
  const [from, to] = TEMPLATE_RANGE;
  const at = Math.max(0, Math.min(1, (place - from) / (to - from))) * (template.length - 1);
  const left = Math.min(Math.floor(at), template.length - 2);
  return template[left]! + (at - left) * (template[left + 1]! - template[left]!);
}
