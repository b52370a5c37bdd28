/**
 * What is looked at while a network is pre-trained: pictures of reconstructions every few epochs, and at the end.
 */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { PretrainRecipe, RunListener } from "@medssl/contract";
import type { ImageSet } from "../data/image-set.ts";
import type { ViewOptions } from "../data/views.ts";
import { JointObjective } from "../objectives/joint.ts";
import type { PretrainingObjective } from "../objectives/pretraining.ts";
import { ReconstructionPictures } from "./reconstructions.ts";
import { type MetricsLine, reconstructionsPath } from "./run-directory.ts";

export interface WatchOptions {
  readonly dir: string;
  readonly recipe: PretrainRecipe;
  readonly objective: PretrainingObjective;
  readonly set: ImageSet;
  readonly viewOptions: ViewOptions;
  readonly firstStep: number;
  readonly listen: RunListener;
}

export class PretrainWatch {
  readonly #options: WatchOptions;
  readonly #pictures: ReconstructionPictures | undefined;
  #lastEpoch = Number.NaN;

  constructor(options: WatchOptions) {
    const { objective, set, recipe, viewOptions } = options;
    this.#options = options;
    if (objective instanceof JointObjective) {
      this.#pictures = new ReconstructionPictures(objective, set, recipe, viewOptions);
    }
  }

  async afterStep({ step, epoch = 0 }: MetricsLine): Promise<void> {
    const { recipe } = this.#options;
    const isDue = (every: number) => every > 0 && Math.floor(epoch / every) > Math.floor(this.#lastEpoch / every);
    if (isDue(recipe.picturesEveryEpochs) && step < recipe.steps) await this.#picture(step);
    this.#lastEpoch = epoch;
  }

  async end(): Promise<void> {
    const { dir, recipe } = this.#options;
    const path = await this.#picture(recipe.steps);
    if (path !== undefined) copyFileSync(path, reconstructionsPath(dir));
  }

  async #picture(step: number): Promise<string | undefined> {
    if (this.#pictures === undefined) return undefined;
    const path = join(this.#options.dir, "reconstructions", `step-${String(step).padStart(7, "0")}.png`);
    await this.#pictures.write(path);
    return path;
  }
}
