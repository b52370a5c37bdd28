/** What both sides of the step are told, and how much arithmetic it is. */
export interface StepSettings {
  readonly device: "cpu" | "cuda";
  readonly imageSize: number;
  readonly patchSize: number;
  readonly encoder: TransformerSize;
  readonly decoder: TransformerSize;
  readonly maskRatio: number;
  readonly varianceFloor: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly threads: number;
  readonly precision: "float32" | "bfloat16";
  /** Weights and inputs that both start from. */
  readonly stateFile: string;
}

interface TransformerSize {
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
}

/**
 * Floating-point operations of the matrix products that a step needs: forward, and twice that backward but for the
 * gradient of the pixels, which nobody asks for. In the decoder's last block kept patches are keys and values only.
 */
export function stepFlops({ imageSize, patchSize, encoder, decoder, maskRatio, batch }: StepSettings): number {
  const patches = (imageSize / patchSize) ** 2;
  const kept = Math.round(patches * (1 - maskRatio));
  const removed = patches - kept;
  const pixels = patchSize ** 2;
  /** Products of a block with `asking` of `heard` tokens: qkv; output and MLP; scores and their use. */
  const block = (asking: number, heard: number, dim: number) =>
    3 * heard * dim ** 2 + 9 * asking * dim ** 2 + 2 * asking * heard * dim;
  const embedding = kept * pixels * encoder.embedDim;
  const forward =
    embedding +
    encoder.depth * block(kept, kept, encoder.embedDim) +
    kept * encoder.embedDim * decoder.embedDim +
    (decoder.depth - 1) * block(patches, patches, decoder.embedDim) +
    block(removed, patches, decoder.embedDim) +
    removed * decoder.embedDim * pixels;
  return 2 * batch * (3 * forward - embedding);
}
