/**
 * A ViT's weights for pictures of another size, patch or number of colours.
 *
 * Positions  resampled as an image: bicubic, pixel centres aligned, smoothed where the grid shrinks; as timm does. Fixed
 *            sine-cosine positions too: the blocks know the range that they were trained with.
 * Colours    the kernels of all channels are summed. A grey picture shown to an RGB network has its values in every
 *            channel, and a sum of kernels does to one channel what the kernels do to three equal ones. RGB networks were
 *            trained on channels standardised by ImageNet's mean and deviation; our grey is standardised by its own data
 *            set's, which comes to the same distribution (mean 0, deviation 1). Taking ImageNet's constants over would
 *            feed a dark CT as a dark photograph: outside of what the network has seen.
 * Patches    the kernel whose products with resized patches are nearest, in least squares, to those of the old kernel with
 *            the patches as they were: the pseudo-inverse of the resizing.
 * Source     Beyer et al., "FlexiViT: one model for all patch sizes" (2023), for patches.
 */
import { cat, eye, interpolate, operator, scope, type Tensor } from "@medssl/torch";

type GridSize = readonly [rows: number, columns: number];

const pseudoInverse = operator("aten::linalg_pinv.atol_rtol_float");

/** @param positions [1, P + rows * columns, D]: rows of P prefix tokens, which stay, then those of the grid. */
export function resizePositions(positions: Tensor, from: GridSize, to: GridSize, numPrefixTokens: number): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return positions;
  return scope(() => {
    const map = positions.slice(1, numPrefixTokens).unflatten(1, from).permute([0, 3, 1, 2]);
    const resized = interpolate(map.contiguous(), to, "bicubic-antialias").flatten(2).transpose(1, 2);
    return cat([positions.slice(1, 0, numPrefixTokens), resized], 1);
  });
}

/** [D, C, p, p] for one grey channel: [D, 1, p, p]. */
export function foldChannels(kernels: Tensor): Tensor {
  return kernels.size(1) === 1 ? kernels : kernels.sum([1], true);
}

/**
 * [D, 1, p, p] for several grey channels: [D, channels, p, p].
 *
 * Each gets an equal share, so that equal slices make the tokens that one slice made, and neighbours the tokens of their
 * mean. The other way, all to the channel in the middle and zero to its neighbours, leaves the tokens as they were too, but
 * lets the neighbours in only as they are learned.
 */
export function inflateChannels(kernels: Tensor, channels: number): Tensor {
  return channels === 1 ? kernels : scope(() => kernels.div(channels).repeat([1, channels, 1, 1]));
}

/** [D, C, p, p] for another patch size: [D, C, size, size]. */
export function resizePatches(kernels: Tensor, size: number): Tensor {
  const before = kernels.size(2);
  if (before === size) return kernels;
  return scope(() => {
    // Row i is what becomes of a patch whose pixel i alone is 1.
    const pixels = eye(before ** 2, { dtype: "float64" }).view([before ** 2, 1, before, before]);
    const resizing = interpolate(pixels, [size, size], "bicubic-antialias").flatten(1); // [p^2, size^2]
    const inverse = pseudoInverse(resizing, undefined, undefined, false) as Tensor; // [size^2, p^2]
    const flat = kernels.to({ dtype: "float64" }).flatten(2);
    return flat.matmul(inverse.transpose(0, 1)).unflatten(2, [size, size]).to({ dtype: kernels.dtype });
  });
}
