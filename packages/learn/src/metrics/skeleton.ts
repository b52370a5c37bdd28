/**
 * Thinning of a mask to lines one voxel wide.
 *
 * Shapes   0 | 1 [D, H, W] with a border of background on every side; a picture has one slice between two empty ones.
 * Keeps    a voxel stays when it is the end of a line, or when the mask without it would have other holes or parts.
 * Order    from six sides in turn; what was found removable from one side is looked at again, one voxel after the other.
 * Cost     rounds as many as the mask is thick, each over its border: seconds for a large organ.
 * Source   Lee, Kashyap & Chu, CVGIP 56:462 (1994); gives what scikit-image's `skeletonize` gives with its method
 *          `lee`, which is its only one for volumes. For pictures its own default is Zhang & Suen's.
 */

/** Positions in a neighborhood of 3 x 3 x 3 are z * 9 + y * 3 + x, the voxel itself 13. */
const CENTER = 13;
const position = (z: number, y: number, x: number): number => z * 9 + y * 3 + x;
const places = Array.from({ length: 27 }, (_, n) => [Math.floor(n / 9), Math.floor(n / 3) % 3, n % 3] as const);

/** The eight blocks of 2 x 2 x 2 around the voxel: their positions, the voxel's first, bit n of a block being its nth. */
const blocks = [0, 2].flatMap((z) =>
  [0, 2].flatMap((y) =>
    [0, 2].map((x) => Array.from({ length: 8 }, (_, n) => position(n & 4 ? z : 1, n & 2 ? y : 1, n & 1 ? x : 1))),
  ),
);

/**
 * Eight times what the voxel adds to the Euler characteristic in one block, by the block's bits: the corner that all eight
 * share is counted whole, its three edges by halves, its three faces by quarters, the voxel by an eighth.
 */
const eulerOfBlock = Int8Array.from({ length: 256 }, (_, bits) => {
  // An edge or face belongs to the voxels that differ from this one only along some axes.
  const isNew = (axes: number) =>
    Array.from({ length: 8 }, (_, n) => n).every((n) => n === 0 || (n & ~axes) !== 0 || ((bits >> n) & 1) === 0);
  const count = (sets: readonly number[]) => sets.filter(isNew).length;
  return 8 * count([7]) - 4 * count([3, 5, 6]) + 2 * count([1, 2, 4]) - 1;
});

/** Of each position its neighbors among the 26, as bits. */
const touching = Int32Array.from(places, ([z, y, x], n) =>
  places.reduce(
    (bits, [oz, oy, ox], other) =>
      other !== n && other !== CENTER && Math.max(Math.abs(oz - z), Math.abs(oy - y), Math.abs(ox - x)) === 1
        ? bits | (1 << other)
        : bits,
    0,
  ),
);

/** The neighbor across the face that a pass takes voxels from; a picture is only thinned from its own four sides. */
const SIDES = [
  position(1, 0, 1),
  position(1, 2, 1),
  position(1, 1, 2),
  position(1, 1, 0),
  position(2, 1, 1),
  position(0, 1, 1),
];

/** Thins in place. */
export function thin(mask: Uint8Array, height: number, width: number, isPicture: boolean): void {
  const sides = isPicture ? SIDES.slice(0, 4) : SIDES;
  const steps = Int32Array.from(places, ([z, y, x]) => ((z - 1) * height + y - 1) * width + x - 1);
  // Neighbors in other slices are known to be background in a picture.
  const [firstPlace, lastPlace] = isPicture ? [position(1, 0, 0), position(1, 2, 2)] : [0, 26];
  const around = (i: number): number => {
    let bits = 0;
    for (let n = firstPlace; n <= lastPlace; n++) bits |= mask[i + steps[n]!]! << n;
    return bits & ~(1 << CENTER);
  };
  const removable = isPicture ? rememberPictures() : isRemovable;
  const faces = SIDES.map((side) => steps[side]!);
  const isListed = new Uint8Array(mask.length);
  const border: number[] = [];
  const list = (i: number) => {
    isListed[i] = 1;
    border.push(i);
  };
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && faces.some((step) => mask[i + step] === 0)) list(i);
  let isIdle = false;
  while (!isIdle) {
    isIdle = true;
    for (const side of sides) {
      const candidates: number[] = [];
      let kept = 0;
      for (const i of border) {
        if (mask[i] === 0) continue;
        border[kept++] = i;
        if (mask[i + steps[side]!] === 1) continue;
        const bits = around(i);
        if (removable(bits)) candidates.push(i);
      }
      border.length = kept;
      for (const i of Int32Array.from(candidates).sort()) {
        if (!isOnePart(around(i))) continue;
        mask[i] = 0;
        isIdle = false;
        for (const step of faces) if (mask[i + step] === 1 && isListed[i + step] === 0) list(i + step);
      }
    }
  }
}

/** Neither the end of a line nor what holds others together or apart. */
const isRemovable = (bits: number): boolean => numBits(bits) !== 1 && keepsEuler(bits) && isOnePart(bits);

/** The same for pictures, whose neighborhoods are 512. */
function rememberPictures(): (bits: number) => boolean {
  const first = position(1, 0, 0);
  const known = Uint8Array.from({ length: 512 }, (_, bits) => (isRemovable(bits << first) ? 1 : 0));
  return (bits) => known[bits >> first] === 1;
}

function numBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether the Euler characteristic is the same without the voxel. */
function keepsEuler(bits: number): boolean {
  let euler = 0;
  for (const block of blocks) {
    let own = 1;
    for (let n = 1; n < 8; n++) own |= ((bits >> block[n]!) & 1) << n;
    euler += eulerOfBlock[own]!;
  }
  return euler === 0;
}

/** Whether the voxel's neighbors hang together without it; none at all do. */
function isOnePart(bits: number): boolean {
  let reached = bits & -bits;
  for (let edge = reached; edge !== 0; ) {
    const n = 31 - Math.clz32(edge & -edge);
    edge &= edge - 1;
    const found = touching[n]! & bits & ~reached;
    reached |= found;
    edge |= found;
  }
  return reached === bits;
}
