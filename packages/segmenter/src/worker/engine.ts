/**
 * An exported model at work in its own thread: opened once, then one image after the other.
 */
import { MedsslError, type ModelCard, type SegmentationPlan } from "@medssl/contract";
import {
  checkScan,
  onOwnGrid,
  type Scan,
  type SliceLabels,
  type SliceSegmenter,
  segmentScan,
  showScan,
  wishedPlan,
} from "@medssl/imaging";
import type { Network } from "../engine/network.ts";
import { OnnxSliceSegmenter } from "../engine/onnx-slice-segmenter.ts";
import { Standardizer } from "../engine/standardize.ts";
import type { FoundLabels, Jobs, ModelSettings, OpenModel, SentImage } from "./messages.ts";
import { type ReadFile, readModelFiles } from "./model-files.ts";
import { pictureOf } from "./picture.ts";

/** What differs between Node and browsers. */
export interface Platform {
  readonly readFile: ReadFile;
  /** @throws {MedsslError} `ERR_PROVIDER` */
  openNetwork(onnx: Uint8Array<ArrayBuffer>, settings: Pick<ModelSettings, "provider" | "threads">): Promise<Network>;
  /** An image's bytes, decoded. */
  decode(bytes: Uint8Array, name: string): Promise<Scan>;
  /** A file, by its path or address. */
  readScan(address: string): Promise<Scan>;
  /** Lets messages from the other thread in. */
  pause(): Promise<void>;
}

export interface Listener {
  readonly signal: AbortSignal;
  onProgress(done: number, total: number): void;
}

export class Engine {
  readonly #platform: Platform;
  readonly #card: ModelCard;
  readonly #plan: SegmentationPlan;
  readonly #network: Network;
  readonly #isNative: boolean;
  readonly #standardizer: Standardizer;

  private constructor(
    platform: Platform,
    card: ModelCard,
    plan: SegmentationPlan,
    network: Network,
    isNative: boolean,
  ) {
    this.#platform = platform;
    this.#card = card;
    this.#plan = plan;
    this.#network = network;
    this.#isNative = isNative;
    this.#standardizer = new Standardizer(plan);
  }

  static async open(
    platform: Platform,
    settings: ModelSettings,
    { signal, onProgress }: Listener,
  ): Promise<{ engine: Engine; model: OpenModel }> {
    const { source, precision: wanted, isNative } = settings;
    const { card, precision, onnx, onnxAddress } = await readModelFiles(source, wanted, platform.readFile, onProgress);
    signal.throwIfAborted();
    const plan = wishedPlan(card.plan, source, settings);
    const network = await platform.openNetwork(onnx, settings).catch((cause) => {
      if (cause instanceof MedsslError) throw cause;
      throw new MedsslError("ERR_MODEL_FILE", `${onnxAddress}: the ONNX runtime refuses it (${reasonOf(cause)})`, {
        hint: "Export the model again.",
        cause,
      });
    });
    const { provider, threads, notes } = network;
    return {
      engine: new Engine(platform, card, plan, network, isNative),
      model: { card, plan, precision, provider, threads, notes },
    };
  }

  async segment({ image, wishes }: Jobs["segment"]["job"], listener: Listener): Promise<FoundLabels> {
    const { wantsFractions, wantsPicture } = wishes;
    const { name, scan } = await this.#read(image);
    const doubts = checkScan(name, scan, this.#plan);
    listener.signal.throwIfAborted();
    const { shown, warnings } = showScan(scan, this.#plan);
    const found = await segmentScan(shown, this.#slices(listener.signal), {
      plan: this.#plan,
      numLabels: this.#card.classes.length,
      isNative: this.#isNative,
      wantsFractions,
      ...listener,
    });
    const picture =
      wantsPicture === false ? undefined : pictureOf(shown, found.labels, wantsPicture, this.#card.classes, this.#plan);
    return {
      labels: onOwnGrid(found.labels, shown, scan),
      fractions: found.fractions.map((values) => onOwnGrid(values, shown, scan)),
      warnings: [...(scan.warnings ?? []), ...doubts, ...warnings],
      picture,
    };
  }

  async segmentSlices(
    { batch, wishes }: Jobs["segmentSlices"]["job"],
    { signal }: Pick<Listener, "signal">,
  ): Promise<SliceLabels> {
    return await this.#slices(signal).segmentSlices(batch, wishes);
  }

  async run({ images, numImages }: Jobs["run"]["job"]): Promise<Float32Array> {
    const { inputSize, contextSlices } = this.#plan;
    const channels = 2 * contextSlices + 1;
    const expected = numImages * channels * inputSize ** 2;
    if (images.length !== expected) {
      throw new RangeError(
        `logitsOf: expected ${expected} values, [${numImages}, ${channels}, ${inputSize}, ${inputSize}], got ${images.length}`,
      );
    }
    return await this.#network.run(images, [numImages, channels, inputSize, inputSize]);
  }

  async close(): Promise<void> {
    await this.#network.release();
  }

  #slices(signal: AbortSignal): SliceSegmenter {
    const pause = async () => {
      await this.#platform.pause();
      signal.throwIfAborted();
    };
    const numLabels = this.#card.classes.length + 1;
    return new OnnxSliceSegmenter(this.#network, this.#plan, numLabels, pause, this.#standardizer);
  }

  async #read(image: SentImage): Promise<{ name: string; scan: Scan }> {
    switch (image.kind) {
      case "scan":
        return { name: "The scan", scan: image.scan };
      case "pixels":
        return { name: "The picture", scan: scanOfPixels(image) };
      case "bytes": {
        const { bytes, name } = image;
        const whole = bytes instanceof Uint8Array ? bytes : new Uint8Array(await bytes.arrayBuffer());
        return { name, scan: await this.#platform.decode(whole, name) };
      }
      case "address":
        return { name: image.address, scan: await this.#platform.readScan(image.address) };
    }
  }
}

/** A canvas' pixels, without their transparency. */
function scanOfPixels({ rgba, width, height }: Extract<SentImage, { kind: "pixels" }>): Scan<Uint8Array> {
  const data = new Uint8Array(width * height * 3);
  for (let source = 0, target = 0; target < data.length; source += 4, target += 3) {
    data[target] = rgba[source]!;
    data[target + 1] = rgba[source + 1]!;
    data[target + 2] = rgba[source + 2]!;
  }
  return { shape: [1, height, width], channels: 3, data, meaning: "shown" };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
