/**
 * Where the lungs lie in a frontal X-ray, from its projections alone: no label, no network.
 *
 * Frame    the box around both lungs, [x0, y0, x1, y1] in image sides; places that are counted in it mean the same anatomy
 *          in images of other fields of view.
 * Profiles means down the middle columns and across the middle rows, 64 values each. A chest is bright, dark, bright, dark,
 *          bright from side to side, and bright, dark, bright from the shoulders down.
 * Fit      every box near the usual one says where the profile's template (`thorax-profiles.json`) would lie; boxes are
 *          averaged, weighted by how well theirs correlates and how near the usual one they are.
 * Templates are means over 400 phantoms, by `scripts/thorax-profiles.ts`: no image of any person is in them.
 * Accuracy on 704 X-rays with lung masks (Montgomery, Shenzhen) the sides' spread about the truth falls from 0.042, 0.041,
 *          0.044 and 0.088 image sides (left, top, right, bottom; one box for all) to 0.019, 0.034, 0.023 and 0.047.
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

/** Template over places from -0.15 to 1.2 of the frame, and the usual ends of the frame in the image. */
interface AxisProfile {
  readonly template: readonly number[];
  readonly usual: readonly number[];
}

const TEMPLATE_RANGE = [-0.15, 1.2] as const;

/** Possible ends of the frame along one axis, and what a profile would look like with each. */
interface Candidates {
  /** [G, 2] */
  readonly ends: Tensor;
  /** Of length 1 each, [BINS, G]. */
  readonly templates: Tensor;
  /** [G] */
  readonly logPrior: Tensor;
}

const byDevice = new Map<Device, readonly [x: Candidates, y: Candidates]>();

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
      const candidates = byDevice.get(images.device) ?? prepare(images.device);
      const small = interpolate(images, [BINS, BINS], "bilinear-antialias").squeeze(1); // [B, BINS, BINS]
      const middle = (axis: number, [from, to]: readonly [number, number]) =>
        small.slice(axis, Math.floor(from * BINS), Math.floor(to * BINS)).mean([axis]);
      const [[x0, x1], [y0, y1]] = [middle(1, ROWS), middle(2, COLUMNS)].map((profile, axis) =>
        fit(profile, candidates[axis as 0 | 1]).chunk(2, 1),
      ) as [[Tensor, Tensor], [Tensor, Tensor]];
      const found = cat([x0, y0, x1, y1], 1);
      if (isFrontal === 1) return found;
      const share = isFrontal.unsqueeze(1);
      return found.sub(whole).mul(share).add(whole);
    }),
  );
}

/** @param profile [B, BINS] @returns Ends of the frame, [B, 2] */
function fit(profile: Tensor, { ends, templates, logPrior }: Candidates): Tensor {
  const centered = profile.sub(profile.mean([1], true));
  const unit = centered.div(centered.norm(1, true).clamp(1e-6));
  return unit.matmul(templates).mul(SHARPNESS).add(logPrior).softmax(1).matmul(ends);
}

function prepare(device: Device): readonly [Candidates, Candidates] {
  const made = [profiles.x, profiles.y].map((profile) => candidatesOf(profile, device)) as [Candidates, Candidates];
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

/** The template at a place of the frame, linear between its values; beyond its ends the last one. */
function sample(template: readonly number[], place: number): number {
  const [from, to] = TEMPLATE_RANGE;
  const at = Math.max(0, Math.min(1, (place - from) / (to - from))) * (template.length - 1);
  const left = Math.min(Math.floor(at), template.length - 2);
  return template[left]! + (at - left) * (template[left + 1]! - template[left]!);
}
