/**
 * Fixed two-dimensional sine-cosine positions.
 *
 * Layout  the first half of a row tells the column of the patch, the second half its row; each half is sines, then cosines,
 *         of frequencies 10000^(-i / (D / 4)).
 * Source  He et al., "Masked autoencoders are scalable vision learners" (2022): the same numbers as its released code.
 */
import { type Tensor, tensor } from "@medssl/torch";

/**
 * @param gridSize Patches in height and width.
 * @param dim Width of a token, a multiple of 4.
 * @param numPrefixTokens Rows of zeros in front, for tokens that have no place.
 * @returns [1, numPrefixTokens + rows * columns, dim], without gradient.
 */
export function sinCosPositions([rows, columns]: readonly [number, number], dim: number, numPrefixTokens = 0): Tensor {
  const quarter = dim / 4;
  const half = (place: number): number[] => {
    const angles = Array.from({ length: quarter }, (_, i) => place / 10000 ** (i / quarter));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  };
  const table = Array.from({ length: rows * columns }, (_, n) => [
    ...half(n % columns),
    ...half(Math.floor(n / columns)),
  ]);
  const prefix = Array.from({ length: numPrefixTokens }, () => new Array<number>(dim).fill(0));
  return tensor([[...prefix, ...table]]).keep();
}
