/**
 * Images as sequences of patches, and picking from sequences.
 *
 * Shapes  images [B, C, H, W]; patches [B, N, C * p * p], row by row from the top left, the pixels of a patch in the order
 *         (channel, row, column): that of a convolution's kernel.
 */
import { arange, operator, scope, type Tensor } from "@medssl/torch";

const embedding = operator("aten::embedding");

/** Cuts images into patches. */
export function patchify(images: Tensor, patchSize: number): Tensor {
  const [batch, channels, height, width] = images.shape as [number, number, number, number];
  const [rows, columns] = [height / patchSize, width / patchSize];
  return scope(() =>
    images
      .view([batch, channels, rows, patchSize, columns, patchSize])
      .permute([0, 2, 4, 1, 3, 5])
      .reshape([batch, rows * columns, channels * patchSize * patchSize]),
  );
}

/** Puts patches together again. @param gridSize Patches in height and width. */
export function unpatchify(patches: Tensor, patchSize: number, [rows, columns]: readonly [number, number]): Tensor {
  const channels = patches.size(2) / patchSize ** 2;
  return scope(() =>
    patches
      .view([patches.size(0), rows, columns, channels, patchSize, patchSize])
      .permute([0, 3, 1, 4, 2, 5])
      .reshape([patches.size(0), channels, rows * patchSize, columns * patchSize]),
  );
}

/** Rows of one table for every sample. @param table [N, D] @param indices int64 [B, K] @returns [B, K, D] */
export function takeRows(table: Tensor, indices: Tensor): Tensor {
  return embedding(table, indices);
}

/** Each sample's own rows. @param tokens [B, N, D] @param indices int64 [B, K] @returns [B, K, D] */
export function takeTokens(tokens: Tensor, indices: Tensor): Tensor {
  const [batch, count] = tokens.shape as [number, number];
  return scope(() => {
    const offsets = arange(0, batch * count, { step: count, device: indices.device }).unsqueeze(1);
    return takeRows(tokens.flatten(0, 1), indices.add(offsets));
  });
}
