/**
 * Places of the chest that have a name, where a phantom's X-ray shows them: truth for finding places again.
 *
 * Ends and borders are those of the outline that the part throws on the film; what is a point in the body is projected as
 * one. What covers a place, such as fluid in an angle, does not move it.
 *
 * Units  mm in the body and on the film's plane; x to the patient's left, z to the head, as in projection.ts.
 */
import { heartApex } from "./heart.ts";
import type { Patient } from "./patient.ts";
import { type Pose, pointMap, posed } from "./pose.ts";
import { collarHead, vertebraCenter } from "./skeleton.ts";
import type { Point, Solid } from "./solids.ts";
import { buildThorax } from "./thorax.ts";

/** Right and left are the patient's. */
export const landmarkNames = [
  "right lung apex",
  "left lung apex",
  "right dome",
  "left dome",
  "right costophrenic angle",
  "left costophrenic angle",
  "right sternoclavicular joint",
  "left sternoclavicular joint",
  "carina",
  "aortic knuckle",
  "heart apex",
  "sixth thoracic vertebra",
] as const;
export type LandmarkName = (typeof landmarkNames)[number];

/** A landmark on a picture: shares of its width and height, 0-1 from its upper left corner. */
export interface Landmark {
  readonly name: LandmarkName;
  readonly x: number;
  readonly y: number;
}

/** On the film's plane, in mm. */
export interface FilmPlace {
  readonly x: number;
  readonly z: number;
}

/** Where the landmarks of a patient in this pose are. */
export function placeLandmarks(patient: Patient, pose: Pose): Readonly<Record<LandmarkName, FilmPlace>> {
  const { lungs, diaphragm, mediastinum, airways } = buildThorax(patient);
  const [rightLung, leftLung] = [posed(lungs[0], pose), posed(lungs[1], pose)];
  const [rightDome, leftDome] = [posed(diaphragm[0]!, pose), posed(diaphragm[1]!, pose)];
  const aorta = mediastinum.filter(({ traits }) => traits.name === "aorta").map((solid) => posed(solid, pose));
  const trachea = posed(airways[0]!, pose);
  const place = pointMap(pose);
  const project = (point: Point): FilmPlace => {
    const [x, , z] = place(point);
    return { x, z };
  };
  return {
    "right lung apex": summit(rightLung),
    "left lung apex": summit(leftLung),
    "right dome": summit(rightDome),
    "left dome": summit(leftDome),
    "right costophrenic angle": angleBetween(rightLung, rightDome, -1),
    "left costophrenic angle": angleBetween(leftLung, leftDome, 1),
    "right sternoclavicular joint": project(collarHead(-1)),
    "left sternoclavicular joint": project(collarHead(1)),
    carina: { x: trachea.sectionAt(trachea.bottom).x, z: trachea.bottom },
    "aortic knuckle": leftmost(aorta),
    "heart apex": project(heartApex(patient)),
    "sixth thoracic vertebra": project(vertebraCenter(patient, -5)),
  };
}

const summit = (solid: Solid): FilmPlace => ({ x: solid.sectionAt(solid.top).x, z: solid.top });

/** Heights are searched in steps of this. */
const STEP_MM = 0.25;

/** How far the solid's outline reaches to a side at a height. */
function reach(solid: Solid, z: number, side: -1 | 1): number {
  const { x, right, left } = solid.sectionAt(z);
  return side === 1 ? x + left : x - right;
}

/** The lowest place at the side where lung shows beside the dome. */
function angleBetween(lung: Solid, dome: Solid, side: -1 | 1): FilmPlace {
  let z = dome.top;
  while (z - STEP_MM > lung.bottom && side * (reach(lung, z, side) - reach(dome, z, side)) > 0) z -= STEP_MM;
  return { x: reach(lung, z, side), z };
}

function leftmost(solids: readonly Solid[]): FilmPlace {
  let found: FilmPlace = { x: Number.NEGATIVE_INFINITY, z: 0 };
  for (const solid of solids) {
    for (let z = solid.bottom; z <= solid.top; z += STEP_MM) {
      const x = reach(solid, z, 1);
      if (x > found.x) found = { x, z };
    }
  }
  return found;
}
