/**
 * What pre-training sees: crops of unlabelled images, with the place of each crop in its image and in the body.
 *
 * Shapes   B images give V * B views: the first view of all images, then the second.
 * Order    crops of the stored numbers, then windows of CT, then inversion, then grey values: all on the device, batched.
 * Mirrored views only of kinds of images whose anatomy has no sides; their boxes have x0 > x1, so places stay known.
 * Chance   what is drawn depends on the recipe and the whole set, never on the images of this batch: processes that share a
 *          batch must draw alike.
 * Sizes    stored images are brought to what the crops need before they are cut: half as fine again as the network's input, so
 *          that a crop of a large image is not sampled with gaps.
 */
import type { PretrainAugmentation } from "@medssl/contract";
import { cat, type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import { cropImages, mirrorAtRandom, randomBoxes } from "../augment/crops.ts";
import { Draws, type Share } from "../augment/draws.ts";
import { jitterIntensity, type Statistics, standardize } from "../augment/intensity.ts";
import { toGray } from "../augment/windows.ts";
import { ANATOMY_KINDS, type Anatomy } from "./anatomy.ts";
import type { ImageSet } from "./image-set.ts";
import { thoraxFrames } from "./thorax-frame.ts";

export interface Views {
  /** Standardised floats [V * B, 1, S, S]. */
  readonly images: Tensor;
  /** Place of each crop in its image, [V * B, 4] of x0, y0, x1, y1 in 0-1. */
  readonly boxes: Tensor;
  /** Of each image, for comparing places between images. */
  readonly places: ImagePlaces;
  /** Which of the set's images each of the B is: a small set has one several times in a batch. */
  readonly imageNumbers: Tensor;
  /** For what else is drawn for this batch. */
  readonly draws: Draws;
}

/** Where images are in the body. */
export interface ImagePlaces {
  /** The box in the image that places are counted in, [B, 4]: the thorax where it is known, else the whole image. */
  readonly frames: Tensor;
  /** [B]: images of different kinds are not compared. */
  readonly kinds: Tensor;
  /** Along the body, [B, 2] of frame of reference (-1: unknown) and height in image sides. */
  readonly heights: Tensor;
  /** Whether all are projections of one kind: whatever two of them, their places compare. */
  readonly areAlike: boolean;
}

export interface ViewOptions {
  readonly inputSize: number;
  readonly viewsPerImage: 1 | 2;
  /** How far apart the centres of an image's two views may lie, in image sides. */
  readonly viewDistance: number;
  /** Whether places of frontal X-rays are counted in the thorax. */
  readonly usesThorax: boolean;
  readonly augmentation: PretrainAugmentation;
  readonly statistics: Statistics;
  readonly device: Device;
  readonly share?: Share;
}

/** How much finer than the network's input images are when they are cut. */
const OVERSAMPLING = 1.5;

/** Cuts the views of a batch, each with a place and grey values of its own. @param anatomy Of all images of the set */
export function cutViews(
  set: ImageSet,
  anatomy: readonly Anatomy[],
  indices: readonly number[],
  options: ViewOptions,
): Views {
  const { inputSize, viewsPerImage, viewDistance: distance, augmentation, statistics, device, share } = options;
  return scope(() => {
    const draws = new Draws(indices.length, device, share);
    const ofViews = draws.ofViews(viewsPerImage);
    const chosen = indices.map((index) => anatomy[index]!);
    const whole = set.stored(indices, device, workingSize(set, options));
    const first = randomBoxes(draws, augmentation);
    const upright =
      viewsPerImage === 1 ? first : cat([first, randomBoxes(draws, augmentation, { boxes: first, distance })]);
    const repeated = <Value>(values: readonly Value[]) => Array.from({ length: viewsPerImage }, () => values).flat();
    const mayMirror = flags(repeated(chosen.map((place) => mayFlip(place, augmentation))), device);
    const boxes = augmentation.flip.length === 0 ? upright : mirrorAtRandom(upright, ofViews, mayMirror);
    const crops = cropImages(viewsPerImage === 1 ? whole : cat([whole, whole]), boxes, { size: inputSize });
    const isHounsfield = set.hasHounsfield ? repeated(indices.map((index) => set.isHounsfield(index))) : undefined;
    const gray = toGray(crops, isHounsfield, ofViews, augmentation);
    const unit = invert(gray, repeated(chosen), ofViews, augmentation);
    return {
      images: standardize(jitterIntensity(unit, ofViews, augmentation), statistics),
      boxes,
      places: placesOf(whole, chosen, options),
      imageNumbers: fromTypedArray(Float64Array.from(indices)).to({ device }),
      draws,
    };
  });
}

function workingSize(set: ImageSet, { inputSize, augmentation }: ViewOptions): [height: number, width: number] {
  const needed = Math.ceil((OVERSAMPLING * inputSize) / Math.sqrt(augmentation.areaMax));
  const scale = Math.min(1, needed / Math.min(set.height, set.width));
  return [Math.round(set.height * scale), Math.round(set.width * scale)];
}

function mayFlip({ kind }: Anatomy, { flip }: PretrainAugmentation): boolean {
  return flip.includes(kind === "frontal" || kind === "lateral" ? "xray" : kind);
}

/** 0 and 1 for each view. */
function flags(values: readonly boolean[], device: Device): Tensor {
  return fromTypedArray(Float32Array.from(values, Number), [values.length]).to({ device });
}

/** Exchanges black and white of some X-rays. */
function invert(unit: Tensor, places: readonly Anatomy[], draws: Draws, { inversion }: PretrainAugmentation): Tensor {
  if (inversion === 0) return unit;
  return scope(() => {
    const isXray = flags(
      places.map(({ kind }) => kind === "frontal" || kind === "lateral"),
      draws.device,
    );
    const isInverted = draws.unit().lt(inversion).to({ dtype: "float32" }).mul(isXray).view([-1, 1, 1, 1]);
    return unit.add(unit.mul(-2).add(1).mul(isInverted));
  });
}

function placesOf(whole: Tensor, chosen: readonly Anatomy[], { device, usesThorax }: ViewOptions): ImagePlaces {
  const kinds = chosen.map(({ kind }) => ANATOMY_KINDS.indexOf(kind));
  const onDevice = (values: number[], shape: number[]) =>
    fromTypedArray(Float32Array.from(values), shape).to({ device });
  const isFrontal = chosen.map(({ kind }) => usesThorax && kind === "frontal");
  const areEqual = isFrontal.every((value) => value === isFrontal[0]);
  return {
    frames: thoraxFrames(whole, areEqual ? (isFrontal[0] ? 1 : 0) : flags(isFrontal, device)),
    kinds: onDevice(kinds, [kinds.length]),
    heights: onDevice(
      chosen.flatMap(({ heightFrame, height }) => [heightFrame, height]),
      [chosen.length, 2],
    ),
    areAlike: chosen.every(({ kind, isProjection }) => isProjection && kind === chosen[0]!.kind),
  };
}
