/**
 * What a pre-trained encoder says of the places of an image: one vector for each patch of a crop.
 *
 * Shapes  crops are cut by boxes [B, 4] of one image and give [B, N, E]: N patches, row by row, vectors of length 1.
 * Vectors the encoder's tokens behind its final norm, beside what its projection head makes of them where the run has one:
 *         the space in which pre-training contrasted places. Each half has its own length 1, so that both count alike.
 */
import { existsSync } from "node:fs";
import { cat, type Device, noGrad, readSafetensors, scope, type Tensor } from "@medssl/torch";
import { cropImages } from "../augment/crops.ts";
import { type Statistics, standardize } from "../augment/intensity.ts";
import { loadEncoder } from "../models/load-encoder.ts";
import type { ViT } from "../models/vit.ts";
import { loadStateDict, moveModule } from "../nn/module.ts";
import { Mlp } from "../nn/transformer.ts";
import { projectionPath, readCompleteRun } from "../training/run-directory.ts";

export interface PlaceEncoder {
  /** Rows and columns of patches. */
  readonly gridSize: readonly [number, number];
  /** @param image Grey values of 0-1 [1, 1, H, W] @param boxes [B, 4] @returns [B, N, E] */
  embed(image: Tensor, boxes: Tensor): Tensor;
}

/** Crops that pass through the network at once: bounds memory. */
const BATCH = 16;

export class ViTPlaceEncoder implements PlaceEncoder {
  readonly #vit: ViT;
  readonly #head: Mlp | undefined;
  readonly #statistics: Statistics;

  constructor(vit: ViT, head: Mlp | undefined, statistics: Statistics) {
    this.#vit = vit;
    this.#head = head;
    this.#statistics = statistics;
  }

  get gridSize(): readonly [number, number] {
    return this.#vit.gridSize;
  }

  embed(image: Tensor, boxes: Tensor): Tensor {
    return noGrad(() =>
      scope(() => {
        const size = this.#vit.gridSize[0] * this.#vit.options.patchSize;
        const parts = boxes.chunk(Math.ceil(boxes.size(0) / BATCH)).map((some) => {
          const crops = cropImages(image.expand([some.size(0), -1, -1, -1]), some, { size });
          return this.#vectors(standardize(crops, this.#statistics));
        });
        return cat(parts);
      }),
    );
  }

  #vectors(crops: Tensor): Tensor {
    return scope(() => {
      const tokens = this.#vit.forwardTokens(crops).slice(1, this.#vit.numPrefixTokens);
      if (this.#head === undefined) return unit(tokens);
      return cat([unit(tokens), unit(this.#head.forward(tokens))], 2).div(Math.SQRT2);
    });
  }
}

const unit = (vectors: Tensor): Tensor => scope(() => vectors.div(vectors.norm(-1, true).clamp(1e-6)));

export interface LoadedPlaceEncoder {
  readonly encoder: PlaceEncoder;
  /** For a person, where something is not as it is usually. */
  readonly note: string | undefined;
}

/**
 * @param dir Folder of a complete pre-training run.
 * @throws {MedsslError} `ERR_RUN_MISSING`, `ERR_RUN_STAGE`, `ERR_RUN_INCOMPLETE`, and those of its weights.
 */
export function loadPlaceEncoder(dir: string, device: Device): LoadedPlaceEncoder {
  const { recipe, statistics } = readCompleteRun(dir, "pretrain");
  const { encoder: vit } = loadEncoder(dir, { imageSize: recipe.inputSize });
  const path = projectionPath(dir);
  if (recipe.method !== "mim+acl" || !existsSync(path)) {
    const note = `${dir} was trained without anatomical contrast (${recipe.method}): places are told by the encoder's tokens alone.`;
    return { encoder: new ViTPlaceEncoder(moveModule(vit, device), undefined, statistics), note };
  }
  const { embedDim } = vit.options;
  const head = new Mlp(embedDim, embedDim, recipe.contrast.embedDim);
  scope(() => loadStateDict(head, readSafetensors(path).tensors, { source: path }));
  const encoder = new ViTPlaceEncoder(moveModule(vit, device), moveModule(head, device), statistics);
  return { encoder, note: undefined };
}
