/**
 * Which patches of an image are removed.
 *
 * Shapes     N patches, K of them kept; indices int64 [B, K]. Every sample has a mask of its own, and all keep as many.
 * Strategies `random`: any patches. `block`: squares of `maskBlockSize` patches are removed or kept as wholes, but for the
 *            last of them, which is cut to keep the count; what is left to guess is then farther from what is seen.
 * Source     random: He et al. (2022); aligned squares: Xie et al., "SimMIM" (2022).
 */
import type { PretrainRecipe } from "@medssl/contract";
import { ones, scope, type Tensor } from "@medssl/torch";
import type { Draws } from "../augment/draws.ts";

export type GridSize = readonly [rows: number, columns: number];
export type Masking = Pick<PretrainRecipe, "maskRatio" | "maskStrategy" | "maskBlockSize">;

/** Number of patches that are kept: at least one, and one fewer than there are. */
export function keptCount(numPatches: number, maskRatio: number): number {
  return Math.max(1, Math.min(numPatches - 1, Math.round(numPatches * (1 - maskRatio))));
}

/** Which patches are kept, drawn for each sample: int64 [B, K]. */
export function drawKeepIndices(draws: Draws, gridSize: GridSize, masking: Masking): Tensor {
  const kept = keptCount(gridSize[0] * gridSize[1], masking.maskRatio);
  return scope(() => drawNoise(draws, gridSize, masking).argsort(1).slice(1, 0, kept));
}

/** What patches are ordered by: the lowest are kept. [B, N] */
export function drawNoise(draws: Draws, [rows, columns]: GridSize, { maskStrategy, maskBlockSize }: Masking): Tensor {
  if (maskStrategy === "random") return draws.unit(rows * columns);
  return scope(() => {
    const blocks = draws.unit(Math.ceil(rows / maskBlockSize), Math.ceil(columns / maskBlockSize));
    const spread = blocks
      .unsqueeze(2)
      .unsqueeze(4)
      .expand([-1, -1, maskBlockSize, -1, maskBlockSize])
      .flatten(3, 4)
      .flatten(1, 2)
      .slice(1, 0, rows)
      .slice(2, 0, columns)
      .flatten(1, 2);
    // The patches of a block have one number, told apart by so little that no other block comes between them.
    return spread.add(draws.unit(rows * columns).mul(1e-6));
  });
}

/** The patches that are not kept: int64 [B, N - K]. */
export function removedFrom(keepIndices: Tensor, numPatches: number): Tensor {
  const [batch, kept] = keepIndices.shape as [number, number];
  return scope(() =>
    ones([batch, numPatches], { device: keepIndices.device })
      .scatter(1, keepIndices, 0)
      .argsort(1, true)
      .slice(1, 0, numPatches - kept),
  );
}
