/**
 * Tiles that cover a picture, and how much each of their pixels counts.
 *
 * Weight   a Gaussian in both axes, its standard deviation an eighth of the side, at least 0.001: a network sees a pixel
 *          in the middle of a tile from all sides, and one at the edge from one. MONAI's `gaussian` mode has the same
 *          formula; nnU-Net's differs in what it puts in the place of the smallest weights.
 * Places   spread evenly, as nnU-Net's: the last tile ends with the picture and no two overlap by less than asked for.
 *          As many as MONAI has, which pushes the last one back instead.
 */
const SIGMA_SHARE = 1 / 8;
const SMALLEST_WEIGHT = 1e-3;

/** Positions of tiles that cover an axis. @param overlap Share of a tile that its neighbour covers as well, below 1. */
export function tileStarts(length: number, tile: number, overlap: number): number[] {
  if (length <= tile) return [0];
  const step = Math.max(Math.floor(tile * (1 - overlap)), 1);
  const count = Math.ceil((length - tile) / step) + 1;
  // Rounded down: two neighbours never lie further apart than a step.
  return Array.from({ length: count }, (_, i) => Math.floor((i * (length - tile)) / (count - 1)));
}

/** Of each pixel of a tile. @returns [tile, tile] */
export function gaussianWeights(tile: number): Float32Array<ArrayBuffer> {
  const reach = (tile - 1) / 2;
  const axis = Float32Array.from({ length: tile }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * (SIGMA_SHARE * tile) ** 2)),
  );
  return Float32Array.from({ length: tile ** 2 }, (_, i) =>
    Math.max(axis[Math.floor(i / tile)]! * axis[i % tile]!, SMALLEST_WEIGHT),
  );
}
