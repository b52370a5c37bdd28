/**
 * One chest X-ray of a phantom patient and its mask: label 1 is the lungs.
 *
 * The mask follows what the public sets of lung masks draw: both lung fields with their costophrenic angles, without
 * the heart, the mediastinum and what lies below the diaphragm's domes. Opacities inside the lungs belong to them.
 */

import { Random } from "../random.ts";
import { buildBody } from "./body.ts";
import { around, between, chance } from "./draw.ts";
import { develop, drawExposure } from "./film.ts";
import { addFindings } from "./findings.ts";
import { addHardware } from "./hardware.ts";
import { type Landmark, type LandmarkName, placeLandmarks } from "./landmarks.ts";
import { type Field, smoothNoise } from "./noise.ts";
import { drawPatient, type Patient } from "./patient.ts";
import { type Pose, posed } from "./pose.ts";
import { attenuation, castRays, type Film, type Projection } from "./projection.ts";
import { addBones, addRods } from "./rods.ts";
import type { Part, Solid, Tube } from "./solids.ts";

export interface XrayPicture {
  readonly image: Uint8Array;
  readonly mask: Uint8Array;
  /** Those that lie inside a frontal picture. */
  readonly landmarks: readonly Landmark[];
}

/**
 * @param view `lateral`: the patient is turned, arms raised. Good for showing what a lateral film is like; turned parts
 *   are approximations, so its mask is no truth to measure against.
 */
export function renderXray(seed: number, size: number, view: "frontal" | "lateral" = "frontal"): XrayPicture {
  const isLateral = view === "lateral";
  const drawn = drawPatient(new Random(seed, 0));
  const patient = isLateral ? { ...drawn, breast: 0 } : drawn;
  const random = new Random(seed, 100);
  const frontal = drawPose(patient, random);
  const pose = isLateral ? { ...frontal, turn: frontal.turn + Math.PI / 2, lean: 0 } : frontal;
  const film = placeFilm(pose, size, random);
  const body = buildBody(patient, "standing", seed);
  const stand = <Item extends Part>(parts: readonly Item[]) => parts.map((part) => posed(part, pose));
  const lungs = stand(body.lungs);
  const diaphragm = stand(body.diaphragm);
  const core = stand(body.core);
  const axis = stand(body.axis);
  const belly = stand(body.belly.filter((part): part is Solid => part.kind === "solid"));
  const walls = stand([...(isLateral ? [] : body.arms), ...body.wall] as readonly Solid[]);
  const projection = castRays(
    [
      ...walls.map((solid) => ({ solid, role: "body" }) as const),
      ...lungs.map((solid) => ({ solid, role: "lung" }) as const),
      ...core.map((solid) => ({ solid, role: solid.traits.name === "hilum" ? "body" : "core" }) as const),
      ...diaphragm.map((solid) => ({ solid, role: "diaphragm" }) as const),
      ...belly.map((solid) => ({ solid, role: "body" }) as const),
      ...axis.map((solid) => ({ solid, role: solid.traits.name === "hilum" ? "body" : "core" }) as const),
    ],
    film,
    patient.lungDensity,
  );
  const { depth, lung } = projection;
  addBones(depth, stand([...body.bones, ...(isLateral ? [] : body.armBones)]), film, patient.boneDensity);
  addRods(depth, stand<Tube>(body.lungVessels), film, 1.3 * (attenuation.blood - attenuation.lung));
  // Findings are drawn for the frontal view: a fluid's level would be a box from the side.
  if (!isLateral) addFindings(depth, lung, film, lungs, new Random(seed, 101));
  addHardware(depth, film, new Random(seed, 102));
  const field = lungField(projection);
  const warp = drawWarp(film, random);
  const tones = develop(warp.apply(depth), size, film.pitch, drawExposure(random), anchors(projection), random);
  if (chance(random, 0.16)) collimate(tones, size, random);
  const edge = warp.apply(field);
  const image = new Uint8Array(size * size);
  const mask = new Uint8Array(size * size);
  for (let i = 0; i < image.length; i++) {
    image[i] = Math.max(0, Math.min(255, Math.round(255 * tones[i]!)));
    mask[i] = edge[i]! > 0 ? 1 : 0;
  }
  return { image, mask, landmarks: isLateral ? [] : shownLandmarks(patient, pose, film, warp) };
}

function shownLandmarks(patient: Patient, pose: Pose, { size, pitch, x, z }: Film, warp: Warp): Landmark[] {
  const middle = (size - 1) / 2;
  return Object.entries(placeLandmarks(patient, pose))
    .map(([name, place]) => {
      const [column, row] = warp.place(middle + (place.x - x) / pitch, middle - (place.z - z) / pitch);
      return { name: name as LandmarkName, x: (column + 0.5) / size, y: (row + 0.5) / size };
    })
    .filter((landmark) => [landmark.x, landmark.y].every((share) => share > 0 && share < 1));
}

function drawPose(patient: Patient, random: Random): Pose {
  // Films are not square: a picture squeezed into a square changes the body's proportions.
  const squeeze = Math.exp(around(random, 0, 0.06));
  const [sx, sy, sz] = patient.scale;
  return {
    scale: [sx * squeeze, sy, sz / squeeze],
    turn: around(random, 0, 0.05) * (chance(random, 0.15) ? 2.5 : 1),
    lean: around(random, 0.04, 0.13),
  };
}

function placeFilm({ scale: [sx, , sz] }: Pose, size: number, random: Random): Film {
  // The film holds the lungs' width and, nearly always, their height.
  const width = Math.max((276 * sx) / between(random, 0.62, 0.84), 300 * sz);
  return { size, pitch: width / size, x: around(random, 0, 7), z: sz * 82 + around(random, -0.02, 0.03) * width };
}

/** Positive where the ray goes through lung and nothing else of size. */
function lungField({ lung, core }: Projection): Field {
  const field = new Float32Array(lung.length);
  for (let i = 0; i < field.length; i++) field[i] = Math.min((lung[i]! - 5) / 5, (11 - core[i]!) / 11);
  return field;
}

/** Typical line integrals through lung alone and through what is dense. */
function anchors({ depth, lung, core }: Projection): [number, number] {
  let [lungSum, lungCount, denseSum, denseCount] = [2, 1, 4.2, 1];
  for (let i = 0; i < depth.length; i += 3) {
    if (lung[i]! > 80 && core[i]! < 5) {
      lungSum += depth[i]!;
      lungCount++;
    } else if (core[i]! > 80) {
      denseSum += depth[i]!;
      denseCount++;
    }
  }
  return [lungSum / lungCount, denseSum / denseCount];
}

interface Warp {
  readonly apply: (field: Field) => Field;
  /** Where a place of the field comes to lie, in pixels. */
  readonly place: (x: number, y: number) => [x: number, y: number];
}

/** A slight turn of the film and a smooth wobble of a few mm: no outline stays an exact curve. */
function drawWarp({ size, pitch }: Film, random: Random): Warp {
  const angle = around(random, 0, 0.022);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [wide, fine] = [0, 1].map(() => smoothNoise(random, size, 48 / pitch)) as [Field, Field];
  const reach = 2.2 / pitch;
  const middle = (size - 1) / 2;
  const nearest = (position: number) => Math.max(0, Math.min(size - 1, Math.round(position)));
  /** Which place of the field shows here. */
  const source = (x: number, y: number): [x: number, y: number] => {
    const pixel = nearest(y) * size + nearest(x);
    return [
      middle + cos * (x - middle) - sin * (y - middle) + reach * wide[pixel]!,
      middle + sin * (x - middle) + cos * (y - middle) + reach * fine[pixel]!,
    ];
  };
  return {
    apply(field) {
      const result = new Float32Array(field.length);
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const [fromX, fromY] = source(x, y);
          const cx = Math.max(0, Math.min(size - 1.001, fromX));
          const cy = Math.max(0, Math.min(size - 1.001, fromY));
          const left = Math.floor(cx);
          const top = Math.floor(cy);
          const [u, v] = [cx - left, cy - top];
          const at = top * size + left;
          const upper = field[at]! * (1 - u) + field[at + 1]! * u;
          const lower = field[at + size]! * (1 - u) + field[at + size + 1]! * u;
          result[y * size + x] = upper * (1 - v) + lower * v;
        }
      }
      return result;
    },
    place(x, y) {
      // The warp is small and smooth: what the shown place is off by is taken back, a few times.
      let [atX, atY] = [x, y];
      for (let turn = 0; turn < 6; turn++) {
        const [fromX, fromY] = source(atX, atY);
        [atX, atY] = [atX + x - fromX, atY + y - fromY];
      }
      return [atX, atY];
    },
  };
}

/** Shutters: a border that is black, seldom white, a little askew. */
function collimate(tones: Field, size: number, random: Random): void {
  const tone = chance(random, 0.8) ? between(random, 0, 0.05) : between(random, 0.85, 1);
  for (let edge = 0; edge < 4; edge++) {
    if (chance(random, 0.4)) continue;
    const inset = between(random, 0, 0.05) * size;
    const skew = around(random, 0, 0.015);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [along, across] = edge < 2 ? [x, edge === 0 ? y : size - 1 - y] : [y, edge === 2 ? x : size - 1 - x];
        if (across < inset + skew * (along - size / 2)) tones[y * size + x] = tone;
      }
    }
  }
}
