/**
 * Exact Euclidean distances from some voxels of a volume to the nearest of others, its sites.
 *
 * Shapes   positions in a volume [D, H, W], ascending.
 * Method   each row's distances to its own sites first. Then the rows around a voxel, the nearest first, until those that
 *          are left lie farther away than what was found: few, where the sites are near. Voxels without a site near them
 *          take the transform of the whole volume: lower envelopes of parabolas within each slice, then the slices around.
 * Cost     linear in the voxels of the volume; for a voxel the rows nearer than its site, or all slices.
 * Source   Felzenszwalb & Huttenlocher, Theory Comput. 8 (2012).
 */
import type { Vec3 } from "@medssl/imaging";

/** Rows that are looked at around a voxel before it is left to the transform of the volume. */
const MAX_ROWS = 4096;
/** Once so many voxels have no site near them, looking around is given up for all that follow. */
const MAX_FAR = 1000;

/** The largest number stands for a row without sites. */
type Steps = Uint16Array | Uint32Array;

export class SiteDistances {
  readonly #shape: Vec3;
  readonly #spacingMm: Vec3;
  /** Steps along x to the nearest site of the row. */
  readonly #alongX: Steps;
  readonly #rows: NearRows;
  /** Squared distances within slices, once they are needed. */
  #planes: Float32Array | undefined;

  constructor(shape: Vec3, spacingMm: Vec3, maxRows = MAX_ROWS) {
    const size = shape[0] * shape[1] * shape[2];
    this.#shape = shape;
    this.#spacingMm = spacingMm;
    this.#alongX = shape[2] < 0xffff ? new Uint16Array(size) : new Uint32Array(size);
    this.#rows = nearRows(shape, spacingMm, maxRows);
  }

  /** Of each voxel of `from` the distance to the nearest of `sites`, in the unit of the spacing. */
  distances(from: Int32Array, sites: Int32Array): Float32Array {
    markRows(this.#alongX, sites, this.#shape[2]);
    const distances = new Float32Array(from.length);
    const numFar = lookAround(distances, from, this.#alongX, this.#shape, this.#spacingMm[2], this.#rows);
    if (numFar > 0) {
      this.#planes ??= new Float32Array(this.#alongX.length);
      distancesInPlanes(this.#planes, this.#alongX, sites, this.#shape, this.#spacingMm);
      lookAcross(distances, from, this.#planes, this.#shape, this.#spacingMm[0]);
    }
    return distances;
  }
}

/** Steps in a row to the nearest of its sites. */
function markRows(alongX: Steps, sites: Int32Array, width: number): void {
  alongX.fill(-1); // wraps around to the largest number
  for (let n = 0; n < sites.length; ) {
    const start = sites[n]! - (sites[n]! % width);
    const end = start + width;
    for (let i = start, steps = sites[n]! - start; steps > 0; i++, steps--) alongX[i] = steps;
    for (; n < sites.length && sites[n]! < end; n++) {
      const site = sites[n]!;
      const next = n + 1 < sites.length && sites[n + 1]! < end ? sites[n + 1]! : 2 * end - site;
      const middle = Math.min((site + next) >> 1, end - 1);
      for (let i = site; i <= middle; i++) alongX[i] = i - site;
      for (let i = middle + 1; i < next && i < end; i++) alongX[i] = next - i;
    }
  }
}

/** Rows around a row, the nearest first. */
interface NearRows {
  readonly dz: Int32Array;
  readonly dy: Int32Array;
  /** Steps in the volume. */
  readonly offset: Int32Array;
  /** Squared distances, one more than there are rows: all others are at least so far. */
  readonly square: Float64Array;
}

function nearRows([depth, height, width]: Vec3, [mmZ, mmY]: Vec3, maxRows: number): NearRows {
  const across = depth === 1 ? 0 : mmZ;
  // A disc of so many rows; of a picture a line.
  const radiusMm = depth === 1 ? (maxRows * mmY) / 2 : Math.sqrt((maxRows * mmY * mmZ) / Math.PI);
  const maxZ = depth === 1 ? 0 : Math.min(depth - 1, Math.ceil(radiusMm / mmZ));
  const maxY = Math.min(height - 1, Math.ceil(radiusMm / mmY));
  // Rows in the corners of the rectangle may be farther than some outside of it.
  const outside = Math.min(
    maxZ < depth - 1 ? ((maxZ + 1) * across) ** 2 : Infinity,
    maxY < height - 1 ? ((maxY + 1) * mmY) ** 2 : Infinity,
  );
  const rows: { dz: number; dy: number; square: number }[] = [];
  for (let dz = -maxZ; dz <= maxZ; dz++) {
    for (let dy = -maxY; dy <= maxY; dy++) {
      const square = (dz * across) ** 2 + (dy * mmY) ** 2;
      if (square < outside) rows.push({ dz, dy, square });
    }
  }
  rows.sort((a, b) => a.square - b.square);
  const rest = rows[maxRows]?.square ?? outside;
  const near = rows.slice(0, maxRows);
  return {
    dz: Int32Array.from(near, ({ dz }) => dz),
    dy: Int32Array.from(near, ({ dy }) => dy),
    offset: Int32Array.from(near, ({ dz, dy }) => (dz * height + dy) * width),
    square: Float64Array.from([...near.map(({ square }) => square), rest]),
  };
}

/** Distances where sites are near, -1 elsewhere. @returns the number of those */
function lookAround(
  distances: Float32Array,
  from: Int32Array,
  alongX: Steps,
  [depth, height, width]: Vec3,
  mmX: number,
  { dz, dy, offset, square }: NearRows,
): number {
  const numRows = dz.length;
  const squareX = mmX * mmX;
  const none = alongX instanceof Uint16Array ? 0xffff : 0xffffffff;
  let numFar = 0;
  for (let n = 0; n < from.length; n++) {
    const i = from[n]!;
    const line = Math.floor(i / width);
    const z = Math.floor(line / height);
    const y = line - z * height;
    let nearest = Infinity;
    let row = numFar > MAX_FAR ? numRows : 0;
    for (; row < numRows && square[row]! < nearest; row++) {
      // As unsigned numbers, negative ones are beyond the end too.
      if ((z + dz[row]!) >>> 0 >= depth || (y + dy[row]!) >>> 0 >= height) continue;
      const steps = alongX[i + offset[row]!]!;
      if (steps === none) continue;
      const found = square[row]! + squareX * steps * steps;
      if (found < nearest) nearest = found;
    }
    if (nearest <= square[row]!) distances[n] = Math.sqrt(nearest);
    else {
      distances[n] = -1;
      numFar++;
    }
  }
  return numFar;
}

/** Squared distance of each voxel to the nearest site of its own slice; Infinity in slices without one. */
function distancesInPlanes(
  planes: Float32Array,
  alongX: Steps,
  sites: Int32Array,
  [depth, height, width]: Vec3,
  [, mmY, mmX]: Vec3,
): void {
  const planeSize = height * width;
  const rows = new Int32Array(height);
  const envelope = {
    row: new Int32Array(height),
    vertex: new Float64Array(height),
    from: new Float64Array(height + 1),
  };
  for (let z = 0, site = 0; z < depth; z++) {
    const start = z * planeSize;
    let numRows = 0;
    for (; site < sites.length && sites[site]! < start + planeSize; site++) {
      const y = Math.floor((sites[site]! - start) / width);
      if (numRows === 0 || rows[numRows - 1] !== y) rows[numRows++] = y;
    }
    if (numRows === 0) planes.fill(Infinity, start, start + planeSize);
    else {
      for (let x = 0; x < width; x++) {
        const parts = lowerEnvelope(envelope, alongX, start + x, width, rows.subarray(0, numRows), mmX, mmY);
        fillColumn(planes, start + x, width, height, envelope, parts, mmY);
      }
    }
  }
}

/** Parts of the lower envelope of parabolas: whose it is, how high that one's vertex lies, and from which row on. */
interface Envelope {
  readonly row: Int32Array;
  readonly vertex: Float64Array;
  readonly from: Float64Array;
}

/** The parabolas that the rows' distances along x put over a column. @returns the number of parts */
function lowerEnvelope(
  { row, vertex, from }: Envelope,
  alongX: Steps,
  column: number,
  width: number,
  rows: Int32Array,
  mmX: number,
  mmY: number,
): number {
  let top = -1;
  for (let n = 0; n < rows.length; n++) {
    const y = rows[n]!;
    const steps = alongX[column + y * width]! * mmX;
    const value = steps * steps;
    let begin = -Infinity;
    while (top >= 0) {
      const other = row[top]!;
      // Where the parabolas over `other` and `y` meet.
      begin = ((value - vertex[top]!) / (mmY * mmY * (y - other)) + y + other) / 2;
      if (begin > from[top]!) break;
      top--;
    }
    top++;
    row[top] = y;
    vertex[top] = value;
    from[top] = top === 0 ? -Infinity : begin;
  }
  from[top + 1] = Infinity;
  return top + 1;
}

function fillColumn(
  planes: Float32Array,
  column: number,
  width: number,
  height: number,
  { row, vertex, from }: Envelope,
  numParts: number,
  mmY: number,
): void {
  for (let y = 0, i = column, part = 0; y < height; y++, i += width) {
    while (part < numParts - 1 && from[part + 1]! < y) part++;
    const steps = (y - row[part]!) * mmY;
    planes[i] = vertex[part]! + steps * steps;
  }
}

/** Distances that are still -1, over the slices around each until these are farther than what was found. */
function lookAcross(
  distances: Float32Array,
  from: Int32Array,
  planes: Float32Array,
  [, height, width]: Vec3,
  mmZ: number,
): void {
  const planeSize = height * width;
  for (let n = 0; n < from.length; n++) {
    if (distances[n] !== -1) continue;
    const i = from[n]!;
    let nearest = planes[i]!;
    const [below, above] = [i, planes.length - 1 - i];
    for (let steps = 1, reach = planeSize; reach <= below || reach <= above; steps++, reach += planeSize) {
      const across = (steps * mmZ) ** 2;
      if (across >= nearest) break;
      if (reach <= below) nearest = Math.min(nearest, planes[i - reach]! + across);
      if (reach <= above) nearest = Math.min(nearest, planes[i + reach]! + across);
    }
    distances[n] = Math.sqrt(nearest);
  }
}
