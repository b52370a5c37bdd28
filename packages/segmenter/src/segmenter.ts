/**
 * An exported model at work: images in, label maps out, in Node and in browsers alike.
 *
 * Thread   files are read, images decoded and the network run in a thread of its own; yours stays free, but with
 *          `segmentShown`.
 * Private  nothing but the model's own files is fetched, nothing is sent anywhere.
 * Errors   `MedsslError`: those of the model's folder (`ERR_MODEL_FILE`, `ERR_MODEL_CARD`, `ERR_MODEL_VERSION`,
 *          `ERR_MODEL_PRECISION`), of the image's format, and of an image of another kind than the model learned from
 *          (`ERR_INPUT_KIND`, `ERR_INPUT_COLOR`, `ERR_INPUT_SLICES`).
 *
 * @example
 * const segmenter = await Segmenter.load("/models/lungs");
 * const { labels, classes } = await segmenter.segment(file);
 * await segmenter.dispose();
 */

import type { ModelCard, SegmentationPlan, SegmentClass, WeightPrecision } from "@medssl/contract";
import {
  type Scan,
  type ScanLabels,
  type ScanSegmenter,
  type SegmentOptions,
  type SliceBatch,
  type SlicePixels,
  type SliceSegmenter,
  segmentScan,
} from "@medssl/imaging";
import { addressOf, startWorker } from "#platform";
import type { Provider } from "./engine/network.ts";
import { type AskOptions, EngineThread } from "./engine-thread.ts";
import { type SegmentableImage, sendable } from "./segmentable-image.ts";
import type { FoundLabels, OpenModel } from "./worker/messages.ts";

export interface LoadOptions extends AskOptions {
  /** Which of the exported weights. @default fp32, or what there is */
  readonly precision?: WeightPrecision;
  /** @default "auto": cpu in Node; in browsers webgpu where there is a graphics processor, else wasm */
  readonly provider?: Provider | "auto";
  /** @default all cores; 1 on a page that is not isolated */
  readonly threads?: number;
  /** In the place of the model's. */
  readonly inference?: Partial<Pick<SegmentationPlan, "tileOverlap" | "flips">>;
  /** Whether the model's post-processing is applied. @default true */
  readonly isCleaned?: boolean;
  /** Whether pictures are segmented in tiles of their own pixels, not at the size that the network learned at. @default false */
  readonly isNative?: boolean;
  /** Whether black borders of pictures are cut off first. @default where the model learned from pictures without */
  readonly cropsBlackBorder?: boolean | undefined;
}

export interface SegmentImageOptions extends SegmentOptions {
  /** A slice and its mask as pictures for a canvas; `true`: the slice with the most of what was looked for. @default false */
  readonly wantsPicture?: boolean | number;
}

export interface Segmentation extends FoundLabels {
  /** What the values in `labels` are; 0 is none of them. */
  readonly classes: readonly SegmentClass[];
}

export class Segmenter implements ScanSegmenter {
  readonly #engine: EngineThread;
  readonly #model: OpenModel;
  readonly #isNative: boolean;

  private constructor(engine: EngineThread, model: OpenModel, isNative: boolean) {
    this.#engine = engine;
    this.#model = model;
    this.#isNative = isNative;
  }

  /** @param source Folder of an exported model: a path in Node, a URL anywhere. `onProgress` counts bytes. */
  static async load(source: string | URL, options: LoadOptions = {}): Promise<Segmenter> {
    const { precision, provider = "auto", threads, inference = {}, isCleaned = true, isNative = false } = options;
    const { cropsBlackBorder } = options;
    const engine = new EngineThread(startWorker);
    try {
      const wishes = { inference, isCleaned, isNative, cropsBlackBorder };
      const settings = { source: addressOf(source), precision, provider, threads, ...wishes };
      return new Segmenter(engine, await engine.ask("open", settings, options), isNative);
    } catch (error) {
      await engine.terminate();
      throw error;
    }
  }

  /** What the model is called. */
  get name(): string {
    return this.card.name;
  }

  get classes(): readonly SegmentClass[] {
    return this.card.classes;
  }

  /** What the model is, how good it was seen to be, and what it may be used for. */
  get card(): ModelCard {
    return this.#model.card;
  }

  get plan(): SegmentationPlan {
    return this.#model.plan;
  }

  /** How it runs: which weights, on what, in how many threads, and what is worth knowing about that. */
  get runtime(): Pick<OpenModel, "precision" | "provider" | "threads" | "notes"> {
    const { precision, provider, threads, notes } = this.#model;
    return { precision, provider, threads, notes };
  }

  /** @returns Labels on the image's own grid. `onProgress` counts slices. */
  async segment(image: SegmentableImage, options: SegmentImageOptions = {}): Promise<Segmentation> {
    const { wantsFractions = false, wantsPicture = false } = options;
    const job = { image: sendable(image, addressOf), wishes: { wantsFractions, wantsPicture } };
    return { ...(await this.#engine.ask("segment", job, options)), classes: this.classes };
  }

  /**
   * For programs that have scans in their memory: slices are cut and put together again in your thread, so that the scan is
   * not copied; only the network has its own. A page uses `segment`. A segmenter that is disposed of meanwhile fails it.
   *
   * @param shown As the eye is used to it (`reorientForDisplay`). @returns On the same grid.
   */
  async segmentShown(
    shown: Scan,
    { wantsFractions = false, signal, onProgress }: SegmentOptions = {},
  ): Promise<ScanLabels> {
    const { plan } = this;
    const slices: SliceSegmenter = {
      segmentSlices: (batch, wishes) =>
        this.#engine.ask("segmentSlices", { batch: withoutScan(batch), wishes }, { signal }),
    };
    const numLabels = this.classes.length;
    return await segmentScan(shown, slices, {
      ...{ plan, numLabels, isNative: this.#isNative, wantsFractions, signal, onProgress },
    });
  }

  /**
   * The network by itself, to check it against known results.
   *
   * @param images Standardised, [numImages, C, S, S]. @returns Logits [numImages, K + 1, S, S], background first.
   */
  async logitsOf(images: Float32Array, numImages = 1): Promise<Float32Array> {
    return await this.#engine.ask("run", { images, numImages });
  }

  async dispose(): Promise<void> {
    await this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** Slices of the form's own size are views of the scan, which a message would take along as a whole. */
function withoutScan(batch: SliceBatch): SliceBatch {
  const copies = new Map<SlicePixels, SlicePixels>();
  const ownOf = (pixels: SlicePixels): SlicePixels => {
    if (pixels.byteLength === pixels.buffer.byteLength) return pixels;
    const copy = copies.get(pixels) ?? pixels.slice();
    copies.set(pixels, copy);
    return copy;
  };
  return { ...batch, slices: batch.slices.map((channels) => channels.map(ownOf)) };
}
