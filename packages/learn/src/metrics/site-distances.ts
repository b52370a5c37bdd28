/**
 * Exact Euclidean distances from some voxels of a volume to the nearest of others, its sites.
 *
 * Shapes   positions in a volume [D, H, W], ascending.
 * Method   each row's distances to its own sites first. Then the rows around a voxel, the nearest first, until those that
 *          are left lie farther away than what was found: few, where the sites are near. Voxels without a site near them
 *          take the transform of the volume, in the columns that they lie in: lower envelopes of parabolas within each
 *          slice, then the slices around.
 * Cost     linear in the voxels of the volume; for a voxel the rows nearer than its site, or all slices.
 * Source   Felzenszwalb & Huttenlocher, Theory Comput. 8 (2012).
 */
import type { Vec3 } from "@medssl/imaging";

/** Rows that are looked at around a voxel before it is left to the transform of the volume. */
const MAX_ROWS = 4096;
/** Once so many voxels have no site near them, looking around is given up for all that follow. */
const MAX_FAR = 200;

type Steps = Uint16Array | Uint32Array;

export class SiteDistances {
  readonly #shape: Vec3;
  readonly #spacingMm: Vec3;
  /** Steps along x to the nearest site of the row; says nothing in rows without sites. */
  readonly #alongX: Steps;
  /** 1 for rows with sites, [D, H] with a border as wide as `#near` reaches. */
  readonly #hasSites: Uint8Array;
  readonly #near: NearRows;

  constructor(shape: Vec3, spacingMm: Vec3, maxRows = MAX_ROWS) {
    const size = shape[0] * shape[1] * shape[2];
    this.#shape = shape;
    this.#spacingMm = spacingMm;
    this.#alongX = shape[2] < 0xffff ? new Uint16Array(size) : new Uint32Array(size);
    this.#near = nearRows(shape, spacingMm, maxRows);
    this.#hasSites = new Uint8Array((shape[0] + 2 * this.#near.reachZ) * this.#near.stride);
  }

  /** Of each voxel of `from` the distance to the nearest of `sites`, in the unit of the spacing. */
  distances(from: Int32Array, sites: Int32Array): Float32Array {
    markRows(this.#alongX, sites, this.#shape[2]);
    this.#markSites(sites);
    const distances = new Float32Array(from.length);
    const numFar = this.#lookAround(distances, from);
    if (numFar > 0) this.#lookAcross(distances, from);
    return distances;
  }

  #markSites(sites: Int32Array): void {
    const [, height, width] = this.#shape;
    this.#hasSites.fill(0);
    for (const site of sites) {
      const row = Math.floor(site / width);
      const z = Math.floor(row / height);
      this.#hasSites[this.#placeOf(z, row - z * height)] = 1;
    }
  }

  /** Of a row in `#hasSites`. */
  #placeOf(z: number, y: number): number {
    const { reachZ, reachY, stride } = this.#near;
    return (z + reachZ) * stride + y + reachY;
  }

  /** Distances where sites are near, -1 elsewhere. @returns the number of those */
  #lookAround(distances: Float32Array, from: Int32Array): number {
    const [, height, width] = this.#shape;
    const { place, row: rowAway, square } = this.#near;
    const [alongX, hasSites] = [this.#alongX, this.#hasSites];
    const numRows = place.length;
    const squareX = this.#spacingMm[2] ** 2;
    let numFar = 0;
    for (let n = 0; n < from.length; n++) {
      const i = from[n]!;
      const row = Math.floor(i / width);
      const z = Math.floor(row / height);
      const own = this.#placeOf(z, row - z * height);
      let nearest = Infinity;
      let k = numFar > MAX_FAR ? numRows : 0;
      for (; k < numRows && square[k]! < nearest; k++) {
        if (hasSites[own + place[k]!] === 0) continue;
        const steps = alongX[i + rowAway[k]!]!;
        const found = square[k]! + squareX * steps * steps;
        if (found < nearest) nearest = found;
      }
      if (nearest <= square[k]!) distances[n] = Math.sqrt(nearest);
      else {
        distances[n] = -1;
        numFar++;
      }
    }
    return numFar;
  }

  /** Distances that are still -1: in the slices' own planes, then over the slices around each until these are farther. */
  #lookAcross(distances: Float32Array, from: Int32Array): void {
    const [depth, height, width] = this.#shape;
    const far = from.filter((_, n) => distances[n] === -1);
    const columns = columnsOf(far, this.#shape);
    const planes = this.#planes(columns);
    const { top, left } = columns;
    const planeSize = columns.height * columns.width;
    const square = this.#spacingMm[0] ** 2;
    for (let n = 0, next = 0; next < far.length; n++) {
      if (distances[n] !== -1) continue;
      const i = far[next++]!;
      const row = Math.floor(i / width);
      const z = Math.floor(row / height);
      const place = (row - z * height - top) * columns.width + (i - row * width) - left;
      let nearest = planes[z * planeSize + place]!;
      for (let steps = 1; steps <= z || z + steps < depth; steps++) {
        const away = square * steps * steps;
        if (away >= nearest) break;
        if (steps <= z) nearest = Math.min(nearest, planes[(z - steps) * planeSize + place]! + away);
        if (z + steps < depth) nearest = Math.min(nearest, planes[(z + steps) * planeSize + place]! + away);
      }
      distances[n] = Math.sqrt(nearest);
    }
  }

  /** Squared distance to the nearest site of the same slice, [D, rows, columns]; Infinity in slices without one. */
  #planes({ top, left, height: numRows, width: numColumns }: Columns): Float32Array {
    const [depth, height, width] = this.#shape;
    const [, mmY, mmX] = this.#spacingMm;
    const planes = new Float32Array(depth * numRows * numColumns);
    const envelope = new Envelope(height);
    for (let z = 0; z < depth; z++) {
      const start = z * numRows * numColumns;
      const hasSites = this.#hasSites.subarray(this.#placeOf(z, 0), this.#placeOf(z, height));
      if (!hasSites.includes(1)) {
        planes.fill(Infinity, start, start + numRows * numColumns);
        continue;
      }
      for (let x = 0; x < numColumns; x++) {
        envelope.clear();
        for (let y = 0; y < height; y++) {
          if (hasSites[y] === 0) continue;
          envelope.add(y, (this.#alongX[(z * height + y) * width + left + x]! * mmX) ** 2, mmY);
        }
        envelope.read(planes, start + x, numColumns, top, numRows, mmY);
      }
    }
    return planes;
  }
}

/** Steps in a row to the nearest of its sites. */
function markRows(alongX: Steps, sites: Int32Array, width: number): void {
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
  /** Steps to each in `#hasSites`, and in the volume. */
  readonly place: Int32Array;
  readonly row: Int32Array;
  /** Squared distances, one more than there are rows: all others are at least so far. */
  readonly square: Float64Array;
  /** The most steps in z and y. */
  readonly reachZ: number;
  readonly reachY: number;
  /** Rows of a slice with its borders. */
  readonly stride: number;
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
  const stride = height + 2 * maxY;
  return {
    place: Int32Array.from(near, ({ dz, dy }) => dz * stride + dy),
    row: Int32Array.from(near, ({ dz, dy }) => (dz * height + dy) * width),
    square: Float64Array.from([...near.map(({ square }) => square), rest]),
    reachZ: maxZ,
    reachY: maxY,
    stride,
  };
}

/** A range of rows and columns of every slice. */
interface Columns {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The smallest range that has all these voxels. */
function columnsOf(voxels: Int32Array, [, height, width]: Vec3): Columns {
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (const i of voxels) {
    const row = Math.floor(i / width);
    const [y, x] = [row % height, i - row * width];
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The lower envelope of parabolas over one column, each with its vertex over a row. */
class Envelope {
  /** Of each part of the envelope: whose it is, how high that one's vertex lies, and from where on. */
  readonly #row: Int32Array;
  readonly #vertex: Float64Array;
  readonly #from: Float64Array;
  #numParts = 0;

  constructor(height: number) {
    this.#row = new Int32Array(height);
    this.#vertex = new Float64Array(height);
    this.#from = new Float64Array(height);
  }

  clear(): void {
    this.#numParts = 0;
  }

  /** Rows in their order. @param value Squared distance there @param mm From row to row */
  add(y: number, value: number, mm: number): void {
    let from = -Infinity;
    let top = this.#numParts - 1;
    for (; top >= 0; top--) {
      const other = this.#row[top]!;
      // Where the parabolas over `other` and `y` meet.
      from = ((value - this.#vertex[top]!) / (mm * mm * (y - other)) + y + other) / 2;
      if (from > this.#from[top]!) break;
    }
    top++;
    this.#row[top] = y;
    this.#vertex[top] = value;
    this.#from[top] = top === 0 ? -Infinity : from;
    this.#numParts = top + 1;
  }

  /** The envelope at `count` rows from `y` on, `stride` apart in the target. */
  read(target: Float32Array, start: number, stride: number, y: number, count: number, mm: number): void {
    for (let part = 0, n = 0; n < count; n++) {
      while (part < this.#numParts - 1 && this.#from[part + 1]! < y + n) part++;
      const steps = (y + n - this.#row[part]!) * mm;
      target[start + n * stride] = this.#vertex[part]! + steps * steps;
    }
  }
}
