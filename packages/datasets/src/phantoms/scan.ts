/**
 * CT scans of phantom patients: the axial slices of the tasks `cardiac` and `liver`, as a window shows them.
 */

import { Random } from "../random.ts";
import { type Body, buildBody } from "./body.ts";
import { around, between, chance, oneOf } from "./draw.ts";
import { chamberHeights, heartChambers } from "./heart.ts";
import { drawTumors } from "./liver.ts";
import { blur, type Field, whiteNoise } from "./noise.ts";
import { drawPatient, type Patient } from "./patient.ts";
import { type Pose, posed } from "./pose.ts";
import { type Densities, type SliceGrid, SlicePainter } from "./slice.ts";
import { type Part, type Section, type Solid, tube } from "./solids.ts";

export interface ScanPicture {
  readonly image: Uint8Array;
  readonly mask: Uint8Array;
}

/** How many tumors a liver has; some livers have none. */
const TUMOR_COUNTS = [0, 1, 1, 2, 2, 3, 3, 4, 4];

export type ScanTask = "cardiac" | "liver";

export const scanLabels: Readonly<Record<ScanTask, readonly string[]>> = {
  cardiac: heartChambers,
  liver: ["liver", "tumor"],
};

/** A patient's two scans are taken independently. */
const streams: Readonly<Record<ScanTask, number>> = { cardiac: 0, liver: 1 };

/** Slices that a patient's scan gives: 1 to 3. */
export function numSlices(task: ScanTask, seed: number): number {
  return 1 + new Random(seed, 200, streams[task]).integer(3);
}

/** @param view Which of the patient's slices: 0 is the lowest. */
export function renderScan(task: ScanTask, seed: number, view: number, size: number): ScanPicture {
  const patient = drawPatient(new Random(seed, 0));
  const random = new Random(seed, 201, streams[task]);
  const pose: Pose = { scale: patient.scale, turn: around(random, 0, 0.04), lean: 0 };
  const heights = drawHeights(task, patient, numSlices(task, seed), random);
  const body = buildBody(patient, "lying", seed);
  const lobes = body.belly.filter((part): part is Solid => part.kind === "solid" && part.traits.name === "liver");
  const numTumors = task === "liver" ? oneOf(random, TUMOR_COUNTS) : 0;
  const tumors = drawTumors(lobes, numTumors, heights, random);
  const densities = drawDensities(task, random);
  const grid: SliceGrid = {
    size,
    pitch: (patient.scale[0] * (2 * (172 + patient.fat)) * between(random, 0.97, 1.12)) / size,
    x: around(random, 0, 6),
    y: 4 + around(random, 0, 8),
    z: heights[view]! * patient.scale[2],
  };
  const window = drawWindow(task, random);
  const noise = between(random, 9, 26);
  const own = new Random(seed, 202 + view, streams[task]);
  const painter = new SlicePainter(grid, densities, scanLabels[task], own);
  const parts = inPaintingOrder(body, tumors).map((part) => posed(part, pose));
  painter.paint(table(posed(body.skin, pose).sectionAt(grid.z), grid.z, random));
  painter.waver(own, 2.4);
  painter.paint(parts);
  return { image: show(painter.density, grid, noise, window, own), mask: painter.labels };
}

export function inPaintingOrder(body: Body, tumors: readonly Part[]): Part[] {
  return [
    ...body.wall,
    ...body.lungs,
    ...body.lungVessels,
    ...body.core,
    ...body.diaphragm,
    ...body.belly,
    ...tumors,
    ...body.axis,
    ...body.bones,
  ];
}

/** Heights in the patient, ascending, in unscaled mm. */
function drawHeights(task: ScanTask, patient: Patient, count: number, random: Random): number[] {
  const [low, high] = task === "cardiac" ? chamberHeights(patient) : [patient.domeTop - 105, patient.domeTop - 22];
  const step = (high - low) / count;
  return Array.from({ length: count }, (_, i) => low + (i + random.next()) * step);
}

/** HU of the tissues: how much contrast medium has arrived where. */
export function drawDensities(task: ScanTask, random: Random): Densities {
  const isEarly = task === "cardiac" ? chance(random, 0.75) : chance(random, 0.25);
  const left = isEarly ? between(random, 260, 430) : between(random, 130, 190);
  const right = isEarly ? between(random, 110, 0.9 * left) : left + around(random, 0, 8);
  const myocardium = isEarly ? between(random, 85, 125) : between(random, 85, 115);
  const liver = isEarly ? between(random, 62, 85) : between(random, 85, 125) - (chance(random, 0.2) ? 25 : 0);
  const portal = isEarly ? liver + between(random, -10, 25) : between(random, 135, 180);
  const isBright = isEarly && chance(random, 0.4);
  return {
    air: -1000,
    lung: between(random, -880, -800),
    fat: -98,
    muscle: 58,
    skin: 10,
    gland: 20,
    bone: 620,
    cartilage: 105,
    disc: 85,
    blood: 0.6 * right + 40,
    leftBlood: left,
    rightBlood: right,
    portalBlood: portal,
    myocardium,
    liver,
    tumor: isBright ? liver + between(random, 25, 60) : liver - between(random, 18, 65),
    spleen: isEarly ? between(random, 90, 140) : between(random, 100, 130),
    kidney: isEarly ? between(random, 150, 210) : between(random, 160, 200),
    medulla: isEarly ? between(random, 70, 100) : between(random, 140, 190),
    organ: between(random, 60, 100),
    fluid: between(random, 5, 35),
  };
}

/** Center and width of the window through which the slice is seen, HU. */
function drawWindow(task: ScanTask, random: Random): [number, number] {
  return task === "cardiac"
    ? [between(random, 70, 200), between(random, 380, 750)]
    : [between(random, 30, 70), between(random, 320, 460)];
}

/** The table under the patient, bent like a tray. */
export function table(skin: Section, z: number, random: Random): Part[] {
  const y = skin.y + skin.back + between(random, 1, 8);
  const bend = between(random, 4, 22);
  const shell = (drop: number): Part => {
    const points = [-1.15, -0.8, -0.4, 0, 0.4, 0.8, 1.15].map((t) => [t * 190, y + drop - bend * t * t, z] as const);
    return tube("cartilage", points, 1.7);
  };
  return chance(random, 0.85) ? [shell(0), shell(between(random, 22, 34))] : [];
}

/** Adds the noise of a reconstruction, blurs with its kernel and applies the window. */
function show(
  density: Field,
  grid: SliceGrid,
  noise: number,
  [center, width]: [number, number],
  random: Random,
): Uint8Array {
  const { size } = grid;
  const white = whiteNoise(random, size);
  // Noise after filtered back-projection has no low frequencies; smoothing takes the highest.
  const fine = blur(white, size, 0.7);
  const coarse = blur(white, size, 2);
  const smooth = blur(density, size, 0.55);
  const image = new Uint8Array(size * size);
  for (let i = 0; i < image.length; i++) {
    const value = smooth[i]! + noise * 2.6 * (fine[i]! - 0.75 * coarse[i]!);
    image[i] = Math.max(0, Math.min(255, Math.round((255 * (value - center + width / 2)) / width)));
  }
  return image;
}
