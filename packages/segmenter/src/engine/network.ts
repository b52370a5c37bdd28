/**
 * A network that an ONNX runtime runs, as the engine sees it: numbers in, numbers out.
 */
export type Provider = "cpu" | "webgpu" | "wasm";

export interface Network {
  readonly provider: Provider;
  readonly threads: number;
  /** Pixels that are given to it at once: few enough for a processor's cache, many enough to fill a GPU. */
  readonly pixelsAtOnce: number;
  /** What a developer should know of how it runs: sentences. */
  readonly notes: readonly string[];
  /** @param images [B, C, S, S], standardised. @returns Logits [B, K + 1, S, S], background first. */
  run(images: Float32Array, shape: readonly [number, number, number, number]): Promise<Float32Array>;
  release(): Promise<void>;
}
