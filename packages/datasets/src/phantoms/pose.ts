/**
 * How the patient stands before the film or lies in the scanner, and how large the patient is: one linear map.
 *
 * A turn about the vertical axis maps sections onto sections (exactly for ellipses, closely for the rest). A lean
 * forward or backward lifts each part by its depth: that is what moves the clavicles against the lungs' apices.
 */

import type { Part, Point, Section, Solid, Tube } from "./solids.ts";

export interface Pose {
  /** Factors on x, y and z. */
  readonly scale: readonly [number, number, number];
  /** Turn about the vertical axis, in radians. */
  readonly turn: number;
  /** Height gained per mm of depth (toward the back). */
  readonly lean: number;
}

/** Where the pose brings the body's points. */
export function pointMap({ scale: [sx, sy, sz], turn, lean }: Pose): (point: Point) => Point {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return (point) => {
    const [x, y, z] = [point[0] * sx, point[1] * sy, point[2] * sz];
    return [cos * x - sin * y, sin * x + cos * y, z + lean * y];
  };
}

/** Returns the part as it stands in that pose. */
export function posed<Item extends Part>(part: Item, pose: Pose): Item;
export function posed(part: Part, pose: Pose): Part {
  return part.kind === "tube" ? posedTube(part, pose) : posedSolid(part, pose);
}

function posedSolid(solid: Solid, { scale, turn, lean }: Pose): Solid {
  const middle = solid.sectionAt((solid.bottom + solid.top) / 2);
  const lift = lean * scale[1] * middle.y;
  return {
    ...solid,
    bottom: solid.bottom * scale[2] + lift,
    top: solid.top * scale[2] + lift,
    sectionAt: (z) => turned(scaled(solid.sectionAt((z - lift) / scale[2]), scale), turn),
  };
}

function posedTube(tube: Tube, pose: Pose): Tube {
  const [sx, sy, sz] = pose.scale;
  const girth = Math.cbrt(sx * sy * sz);
  const points = new Float32Array(tube.points.length);
  const place = pointMap(pose);
  for (let i = 0; i < points.length; i += 4) {
    points.set(place([tube.points[i]!, tube.points[i + 1]!, tube.points[i + 2]!]), i);
    points[i + 3] = tube.points[i + 3]! * girth;
  }
  return { ...tube, points };
}

function scaled(section: Section, [sx, sy]: Pose["scale"]): Section {
  return {
    x: section.x * sx,
    y: section.y * sy,
    right: section.right * sx,
    left: section.left * sx,
    front: section.front * sy,
    back: section.back * sy,
    slope: (section.slope * sy) / sx,
    power: section.power,
  };
}

/** The covariance of an ellipse turns like a matrix; its chords' slope, width and depth are read back from it. */
function turned(section: Section, turn: number): Section {
  const width = (section.right + section.left) / 2;
  const depth = (section.front + section.back) / 2;
  if (turn === 0 || width * depth === 0) return section;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const xx = width * width;
  const xy = section.slope * xx;
  const yy = depth * depth + section.slope * xy;
  const turnedXx = cos * cos * xx - 2 * cos * sin * xy + sin * sin * yy;
  const turnedXy = cos * sin * (xx - yy) + (cos * cos - sin * sin) * xy;
  const turnedYy = sin * sin * xx + 2 * cos * sin * xy + cos * cos * yy;
  const wider = Math.sqrt(turnedXx) / width;
  const deeper = Math.sqrt(turnedYy - (turnedXy * turnedXy) / turnedXx) / depth;
  return {
    x: cos * section.x - sin * section.y,
    y: sin * section.x + cos * section.y,
    right: section.right * wider,
    left: section.left * wider,
    front: section.front * deeper,
    back: section.back * deeper,
    slope: turnedXy / turnedXx,
    power: section.power,
  };
}
