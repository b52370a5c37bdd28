import assert from "node:assert/strict";
import { test } from "node:test";
import { landmarkNames } from "./landmarks.ts";
import { generatePhantom, type PhantomCase } from "./phantom.ts";

const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
const pictures = seeds.map((seed) => generatePhantom("lungs", seed));

/** In pixels. */
function at({ landmarks, width, height }: PhantomCase, name: string) {
  const found = landmarks.find((landmark) => landmark.name === name);
  return found && { x: found.x * width, y: found.y * height };
}

/** Highest and lowest pixel of one lung in the mask, as the places of their middles. */
function ends({ mask, width }: PhantomCase, isIn: (x: number) => boolean) {
  const pixels = [...mask.keys()].filter((pixel) => mask[pixel] === 1 && isIn(pixel % width));
  const place = (pixel: number) => ({ x: (pixel % width) + 0.5, y: Math.floor(pixel / width) + 0.5 });
  return { highest: place(pixels[0]!), lowest: place(pixels.at(-1)!) };
}

test("an X-ray has its landmarks, the right ones on the picture's left; other phantoms have none", () => {
  for (const picture of pictures) {
    for (const side of ["right", "left"]) assert.ok(picture.landmarks.some(({ name }) => name === `${side} dome`));
    assert.ok(picture.landmarks.every(({ name }) => landmarkNames.includes(name)));
    assert.ok(at(picture, "right dome")!.x + 30 < at(picture, "left dome")!.x);
  }
  assert.deepEqual(generatePhantom("cardiac", 0).landmarks, []);
});

test("apices and costophrenic angles are the ends of the lungs that masks draw", () => {
  for (const [i, picture] of pictures.entries()) {
    const middle = at(picture, "carina")!.x;
    for (const side of ["right", "left"]) {
      const { highest, lowest } = ends(picture, (x) => x < middle === (side === "right"));
      const apex = at(picture, `${side} lung apex`);
      if (apex === undefined) assert.equal(highest.y, 0.5, "an apex is missing where it lies above the picture");
      else assert.ok(Math.abs(apex.y - highest.y) < 1.5, `seed ${seeds[i]}: ${side} apex ${apex.y - highest.y}`);
      const angle = at(picture, `${side} costophrenic angle`)!;
      const off = [angle.x - lowest.x, angle.y - lowest.y] as const;
      // The very tip is too thin for the mask.
      assert.ok(Math.abs(off[0]) < 2 && off[1] > 0 && off[1] < 4, `seed ${seeds[i]}: ${side} angle ${off}`);
    }
  }
});

test("lung ends at the top of the right dome", () => {
  for (const [i, picture] of pictures.entries()) {
    const dome = at(picture, "right dome")!;
    const isLung = (y: number) => picture.mask[Math.floor(y) * picture.width + Math.floor(dome.x)] === 1;
    assert.ok(isLung(dome.y - 4) && !isLung(dome.y + 3), `seed ${seeds[i]}`);
  }
});

test("a picture of another size has them at the same shares, but for the film's wobble", () => {
  const small = generatePhantom("lungs", 3, { size: 96 });
  for (const { name } of small.landmarks) {
    const [one, other] = [at(small, name)!, at(pictures[3]!, name)!];
    assert.ok(Math.hypot(one.x / 96 - other.x / 256, one.y / 96 - other.y / 256) < 0.03, name);
  }
});
