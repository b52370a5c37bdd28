/**
 * The building blocks of the phantom's body: solids that are known by their axial sections, and tubes along curves.
 *
 * A section is an ellipse-like outline whose chords along y have a closed form. So one description serves both
 * cameras: a CT slice asks which points lie inside, an X-ray asks how long the ray is inside. Nothing is voxelized.
 *
 * Units   mm; x to the patient's left, y to the back, z to the head (DICOM's LPS).
 * Source  superellipses (Lame curves); sections of an ellipsoid by Schur complement of its quadratic form.
 */

export type Tissue =
  | "air"
  | "lung"
  | "fat"
  | "muscle"
  | "skin"
  | "gland"
  | "bone"
  | "cartilage"
  | "disc"
  | "blood"
  | "leftBlood"
  | "rightBlood"
  | "portalBlood"
  | "myocardium"
  | "liver"
  | "tumor"
  | "spleen"
  | "kidney"
  | "medulla"
  | "organ"
  | "fluid";

export type Point = readonly [x: number, y: number, z: number];

/** |dx / width|^power + |(dy - slope dx) / depth|^power <= 1, with separate widths and depths to the four sides. */
export interface Section {
  readonly x: number;
  readonly y: number;
  /** Half-widths toward -x (the patient's right) and +x. */
  readonly right: number;
  readonly left: number;
  /** Half-depths toward -y and +y. */
  readonly front: number;
  readonly back: number;
  /** dy/dx of the line through the middles of the chords: 0 unless the outline is turned. */
  readonly slope: number;
  /** 2 is an ellipse; larger is boxier. */
  readonly power: number;
}

export interface Solid {
  readonly kind: "solid";
  readonly tissue: Tissue;
  readonly bottom: number;
  readonly top: number;
  /** The outline at a height in [bottom, top]. */
  readonly sectionAt: (z: number) => Section;
  readonly traits: Traits;
}

/** A swept ball: `points` holds x, y, z, radius in turn. */
export interface Tube {
  readonly kind: "tube";
  readonly tissue: Tissue;
  readonly points: Float32Array;
  readonly traits: Traits;
}

export type Part = Solid | Tube;

/** What else there is to say about a part. All may be left out. */
export interface Traits {
  /** The structure that masks know it by. */
  readonly name?: string;
  /** Belongs to the structure it lies in, such as a vessel to its organ: labels under it stay. */
  readonly isInner?: boolean;
  /** Drawn only where the structure of this name shows. */
  readonly onlyIn?: string;
  /** Opens the belly's cavity, or is drawn only inside of it. */
  readonly cavity?: "opens" | "inside";
  /** Thickness of the compact shell of a bone, in mm; inside is marrow. */
  readonly cortex?: number;
  /** Mineral content against other bones. @default 1 */
  readonly density?: number;
  /** Width over height of a tube's cross-section, where it is not round. */
  readonly flatness?: number;
  /** How much the outline wavers, in mm. */
  readonly roughness?: number;
  /** How strongly the tissue's density varies inside, 0-1. */
  readonly mottle?: number;
  /** Width over which the boundary fades, in mm. */
  readonly softness?: number;
}

/** One height of a stack; a missing value continues from the knot before it. */
export interface Knot {
  readonly z: number;
  readonly x?: number;
  readonly y?: number;
  readonly right?: number;
  readonly left?: number;
  readonly front?: number;
  readonly back?: number;
  readonly slope?: number;
}

/** What holds for all heights of a stack. */
export interface StackShape {
  /** The uppermost and the lowest mm that close like the end of an ellipsoid. @default 0, a flat end */
  readonly top?: number;
  readonly bottom?: number;
  /** @default 2 */
  readonly power?: number;
}

const FIELDS = ["x", "y", "right", "left", "front", "back", "slope"] as const;

/** Stacks outlines that change smoothly from knot to knot; the knots are given from bottom to top. */
export function stack(tissue: Tissue, knots: readonly Knot[], traits: Traits = {}, shape: StackShape = {}): Solid {
  const bottom = knots[0]!.z;
  const top = knots[knots.length - 1]!.z;
  const { top: capTop = 0, bottom: capBottom = 0, power = 2 } = shape;
  const full: Required<Knot>[] = [];
  let last: Required<Knot> = { z: 0, x: 0, y: 0, right: 1, left: 1, front: 1, back: 1, slope: 0 };
  for (const knot of knots) {
    last = { ...last, ...knot };
    full.push(last);
  }
  const [x, y, right, left, front, back, slope] = FIELDS.map((field) =>
    curve(knots.map((knot, i) => [knot.z, full[i]![field]])),
  ) as [Curve, Curve, Curve, Curve, Curve, Curve, Curve];
  const sectionAt = (z: number): Section => {
    const above = capTop > 0 ? Math.max(0, (z - (top - capTop)) / capTop) : 0;
    const below = capBottom > 0 ? Math.max(0, (bottom + capBottom - z) / capBottom) : 0;
    const scale = Math.sqrt(Math.max(0, 1 - Math.max(above, below) ** 2));
    return {
      x: x(z),
      y: y(z),
      right: right(z) * scale,
      left: left(z) * scale,
      front: front(z) * scale,
      back: back(z) * scale,
      slope: slope(z),
      power,
    };
  };
  return { kind: "solid", tissue, bottom, top, sectionAt, traits };
}

export type Curve = (position: number) => number;

/**
 * A smooth function through the given [position, value] pairs that does not overshoot between them.
 *
 * Source   monotone cubic Hermite interpolation with harmonic tangents, Fritsch & Butland (1984).
 */
export function curve(pairs: readonly (readonly [number, number])[]): Curve {
  const positions = Float64Array.from(pairs, ([position]) => position);
  const values = Float64Array.from(pairs, ([, value]) => value);
  const last = pairs.length - 1;
  if (values.every((value) => value === values[0])) return () => values[0]!;
  const secant = (i: number) => (values[i + 1]! - values[i]!) / (positions[i + 1]! - positions[i]!);
  const tangents = values.map((_, i) => {
    if (i === 0 || i === last) return secant(i === 0 ? 0 : last - 1);
    const [before, after] = [secant(i - 1), secant(i)];
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
  return (position) => {
    if (position <= positions[0]!) return values[0]!;
    if (position >= positions[last]!) return values[last]!;
    let i = 0;
    while (positions[i + 1]! < position) i++;
    const width = positions[i + 1]! - positions[i]!;
    const t = (position - positions[i]!) / width;
    const s = 1 - t;
    const lift = s * t * width * (s * tangents[i]! - t * tangents[i + 1]!);
    return values[i]! * s * s * (1 + 2 * t) + values[i + 1]! * t * t * (1 + 2 * s) + lift;
  };
}

/** Swaps right and left for side -1, so that a knot is written once, for the left side. */
export function mirrored(side: -1 | 1, knots: readonly Knot[]): Knot[] {
  if (side === 1) return [...knots];
  return knots.map(({ x, left, right, ...rest }) => ({
    ...rest,
    ...(x !== undefined && { x: -x }),
    ...(left !== undefined && { right: left }),
    ...(right !== undefined && { left: right }),
  }));
}

/**
 * An ellipsoid with its first axis along `axis`, the second as horizontal as may be.
 *
 * @param radii Half-lengths along the three axes, in mm.
 */
export function ellipsoid(
  tissue: Tissue,
  center: Point,
  radii: readonly [number, number, number],
  axis: Point = [1, 0, 0],
  traits: Traits = {},
): Solid {
  const first = unit(axis);
  const flat = Math.hypot(first[0], first[1]);
  const second: Point = flat < 1e-6 ? [1, 0, 0] : [-first[1] / flat, first[0] / flat, 0];
  const third = cross(first, second);
  const spread = (i: 0 | 1 | 2, j: 0 | 1 | 2) =>
    radii[0] ** 2 * first[i] * first[j] + radii[1] ** 2 * second[i] * second[j] + radii[2] ** 2 * third[i] * third[j];
  const zz = spread(2, 2);
  // The section at height z is the ellipsoid's spread given z, shrunk by what z uses up.
  const xx = spread(0, 0) - spread(0, 2) ** 2 / zz;
  const xy = spread(0, 1) - (spread(0, 2) * spread(1, 2)) / zz;
  const yy = spread(1, 1) - spread(1, 2) ** 2 / zz;
  const width = Math.sqrt(xx);
  const depth = Math.sqrt(Math.max(1e-9, yy - (xy * xy) / xx));
  const reach = Math.sqrt(zz);
  const sectionAt = (z: number): Section => {
    const dz = z - center[2];
    const scale = Math.sqrt(Math.max(0, 1 - (dz * dz) / zz));
    return {
      x: center[0] + (spread(0, 2) / zz) * dz,
      y: center[1] + (spread(1, 2) / zz) * dz,
      right: width * scale,
      left: width * scale,
      front: depth * scale,
      back: depth * scale,
      slope: xy / xx,
      power: 2,
    };
  };
  return { kind: "solid", tissue, bottom: center[2] - reach, top: center[2] + reach, sectionAt, traits };
}

/** A tube through the given points, smoothed between them; radii change linearly from `from` to `to`. */
export function tube(tissue: Tissue, points: readonly Point[], from: number, to = from, traits: Traits = {}): Tube {
  const along = points.map((_, i) => i);
  const [xAt, yAt, zAt] = [0, 1, 2].map((axis) => curve(along.map((i) => [i, points[i]![axis]!])));
  const steps = Math.max(2, (points.length - 1) * 8);
  const samples = new Float32Array((steps + 1) * 4);
  for (let i = 0; i <= steps; i++) {
    const position = (i / steps) * (points.length - 1);
    samples.set([xAt!(position), yAt!(position), zAt!(position), from + ((to - from) * i) / steps], 4 * i);
  }
  return { kind: "tube", tissue, points: samples, traits };
}

/** Whether the point lies inside the solid, or how far out it is: below 1 inside, 1 on the surface, above outside. */
export function radiusIn(solid: Solid, [x, y, z]: Point): number {
  if (z <= solid.bottom || z >= solid.top) return Number.POSITIVE_INFINITY;
  return radiusInSection(solid.sectionAt(z), x, y);
}

export function radiusInSection(section: Section, x: number, y: number): number {
  const dx = x - section.x;
  const dy = y - section.y - section.slope * dx;
  const u = Math.abs(dx) / (dx < 0 ? section.right : section.left);
  const v = Math.abs(dy) / (dy < 0 ? section.front : section.back);
  if (section.power === 2) return Math.sqrt(u * u + v * v);
  return (u ** section.power + v ** section.power) ** (1 / section.power);
}

function unit([x, y, z]: Point): Point {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
