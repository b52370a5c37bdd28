/** Pictures of what a network paints while it is pre-trained. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PretrainRecipe } from "@medssl/contract";
import { noGrad, type Tensor, withSeed } from "@medssl/torch";
import { Draws } from "../augment/draws.ts";
import { standardize } from "../augment/intensity.ts";
import { toGray } from "../augment/windows.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { ViewOptions } from "../data/views.ts";
import { writeReconstructions } from "../evaluation/pictures.ts";
import type { JointObjective } from "../objectives/joint.ts";
import { reconstruct } from "../objectives/masked-image-modeling.ts";
import { drawKeepIndices } from "../objectives/masking.ts";

/** Images in a picture. */
const PICTURED = 6;

/** Evenly spaced images as they are, masked and reconstructed; the same images and masks each time. */
export class ReconstructionPictures {
  readonly #objective: JointObjective;
  readonly #recipe: PretrainRecipe;
  readonly #options: ViewOptions;
  readonly #originals: Tensor;
  readonly #keepIndices: Tensor;

  constructor(objective: JointObjective, set: ImageSet, recipe: PretrainRecipe, options: ViewOptions) {
    const { device, statistics, inputSize } = options;
    const stride = Math.max(1, Math.floor(set.count / PICTURED));
    const indices = Array.from({ length: Math.min(PICTURED, set.count) }, (_, i) => i * stride);
    this.#objective = objective;
    this.#recipe = recipe;
    this.#options = options;
    [this.#originals, this.#keepIndices] = withSeed(recipe.seed, device, () => {
      const draws = new Draws(indices.length, device);
      const { windows } = recipe.augmentation;
      const isHounsfield = set.hasHounsfield ? indices.map((index) => set.isHounsfield(index)) : undefined;
      const stored = set.stored(indices, device, [inputSize, inputSize]);
      const gray = toGray(stored, isHounsfield, draws, { windows: windows.slice(0, 1), windowJitter: 0 });
      const keepIndices = drawKeepIndices(draws, objective.encoder.gridSize, recipe);
      return [standardize(gray, statistics), keepIndices];
    }).map((tensor) => tensor.keep()) as [Tensor, Tensor];
  }

  /** @returns The picture's size in pixels, and its bytes as PNG. */
  async write(path: string): Promise<void> {
    const { statistics } = this.#options;
    const { normalizePixelTargets, targetVarianceFloor } = this.#recipe;
    const { masked, reconstructed } = noGrad(() =>
      reconstruct(this.#objective.autoencoder, this.#originals, {
        keepIndices: this.#keepIndices,
        varianceFloor: normalizePixelTargets ? targetVarianceFloor : undefined,
      }),
    );
    const columns = [this.#originals, masked, reconstructed].map((tensor) =>
      tensor.mul(statistics.std).add(statistics.mean),
    );
    mkdirSync(join(path, ".."), { recursive: true });
    await writeReconstructions(path, columns);
  }
}
