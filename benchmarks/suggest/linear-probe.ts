/**
 * How well a linear map from a frozen encoder's tokens to masks does, learned from some patients: ridge regression, solved
 * exactly.
 *
 * Features  of each patch: tokens behind the middle and the last block, each number to mean 0 and deviation 1 over the training
 *           patients, and which patch it is.
 * Truth     the share of the patch that is foreground. Dice is that of shares: twice the smaller ones over the sum of both.
 */
import { readCase, type Split, type Store } from "@medssl/datasets";
import { loadEncoder, readRun } from "@medssl/learn";
import { avgPool2d, cat, fromTypedArray, interpolate, keep, noGrad, scope, type Tensor } from "@medssl/torch";

const RIDGE = 100;
/** Weight of the patch's place among the features. */
const PLACE = 3;
/** What masks are measured from, so that the ridge pulls to it. */
const MIDDLE = 0.3;

export class LinearProbe {
  readonly #positions: ReadonlyMap<string, readonly number[]>;
  readonly #test: readonly number[];
  readonly #features: Tensor; // float64 [cases, N, F]
  readonly #shares: Tensor; // float64 [cases, N]

  constructor(store: Store, encoderDir: string, split: Split) {
    const cases = store.cases.filter(({ hasMask }) => hasMask);
    this.#positions = Map.groupBy(cases.keys(), (i) => cases[i]!.patient);
    this.#test = split.test.flatMap((patient) => this.#positions.get(patient) ?? []);
    const train = split.train.flatMap((patient) => this.#positions.get(patient) ?? []);
    const run = readRun(encoderDir);
    const { encoder } = loadEncoder(encoderDir, { imageSize: run.recipe.inputSize });
    const { depth } = encoder.options;
    const seen = cases.map((one) =>
      noGrad(() =>
        scope((): readonly [Tensor, Tensor] => {
          const { image, labels } = readCase(store, one);
          const shape = [1, 1, image.height, image.width];
          const gray = fromTypedArray(Float32Array.from(image.data), shape).div(255);
          const small = interpolate(gray, [run.recipe.inputSize, run.recipe.inputSize], "bilinear-antialias");
          const input = small.sub(run.statistics.mean).div(run.statistics.std);
          const taps = encoder.forwardTaps(input, [Math.floor(depth / 2), depth]);
          const mask = fromTypedArray(
            Float32Array.from(labels!.data, (label) => (label > 0 ? 1 : 0)),
            shape,
          );
          const shares = avgPool2d(mask, image.height / encoder.gridSize[0]);
          return [cat([...taps], 2).to({ dtype: "float64" }), shares.flatten(1).to({ dtype: "float64" })];
        }),
      ),
    );
    [this.#features, this.#shares] = scope((): readonly [Tensor, Tensor] => {
      const tokens = cat(seen.map(([some]) => some));
      const learned = tokens.indexSelect(0, int64(train)).flatten(0, 1);
      const scaled = tokens.sub(learned.mean(0)).div(learned.variance(0).sqrt());
      const places = Float64Array.from({ length: encoder.numPatches ** 2 }, (_, i) =>
        i % (encoder.numPatches + 1) === 0 ? PLACE : 0,
      );
      const place = fromTypedArray(places, [1, encoder.numPatches, encoder.numPatches]);
      const features = cat([scaled, place.expand([cases.length, -1, -1])], 2);
      return [keep(features), keep(cat(seen.map(([, shares]) => shares)))];
    });
  }

  /** Mean over the test images of what is learned from these patients, 0-1. */
  dice(patients: readonly string[]): number {
    return scope(() => {
      const learned = int64(patients.flatMap((patient) => this.#positions.get(patient)!));
      const x = this.#features.indexSelect(0, learned).flatten(0, 1); // [B N, F]
      const y = this.#shares.indexSelect(0, learned).flatten().sub(MIDDLE);
      const gram = Float64Array.from(x.transpose(0, 1).matmul(x).contiguous().toTypedArray(), Number);
      const target = Float64Array.from(x.transpose(0, 1).matmul(y).contiguous().toTypedArray(), Number);
      const weights = fromTypedArray(solve(gram, target));
      const test = int64(this.#test);
      const truth = this.#shares.indexSelect(0, test);
      const found = this.#features.indexSelect(0, test).matmul(weights).add(MIDDLE).clamp(0, 1);
      const both = found.minimum(truth).sum([1]).mul(2);
      return both
        .div(found.add(truth).sum([1]).clamp(1e-6))
        .mean()
        .item();
    });
  }
}

const int64 = (values: readonly number[]): Tensor => fromTypedArray(BigInt64Array.from(values, BigInt));

/** Solves (A + RIDGE) w = b for a symmetric A, row by row, by Cholesky's factors. */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const l = a.slice();
  for (let i = 0; i < n; i++) {
    l[i * n + i]! += RIDGE;
    for (let j = 0; j <= i; j++) {
      let sum = l[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]!;
    }
  }
  const w = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) w[i]! -= l[i * n + k]! * w[k]!;
    w[i]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) w[i]! -= l[k * n + i]! * w[k]!;
    w[i]! /= l[i * n + i]!;
  }
  return w;
}
