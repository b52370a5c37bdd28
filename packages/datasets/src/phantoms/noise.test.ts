import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { blur, type Field, fractalNoise, smoothNoise, whiteNoise } from "./noise.ts";

const SIZE = 128;

function moments(field: Field): { mean: number; deviation: number } {
  const mean = field.reduce((sum, value) => sum + value, 0) / field.length;
  return { mean, deviation: Math.sqrt(field.reduce((sum, value) => sum + (value - mean) ** 2, 0) / field.length) };
}

test("noise has a mean near 0 and a deviation near 1, at every scale", () => {
  const fields = {
    white: whiteNoise(new Random(1), SIZE),
    smooth: smoothNoise(new Random(2), SIZE, 4),
    fractal: fractalNoise(new Random(3), SIZE, 6, 3),
  };
  for (const [name, field] of Object.entries(fields)) {
    const { mean, deviation } = moments(field);
    assert.ok(Math.abs(mean) < 0.12, `${name}: mean ${mean}`);
    assert.ok(Math.abs(deviation - 1) < 0.15, `${name}: deviation ${deviation}`);
  }
});

test("smooth noise changes little from pixel to pixel, the less the wider its cells", () => {
  const roughness = (cell: number) => {
    const field = smoothNoise(new Random(4), SIZE, cell);
    return moments(field.subarray(1).map((value, i) => value - field[i]!)).deviation;
  };
  assert.ok(roughness(4) < 0.6);
  assert.ok(roughness(16) < roughness(8) && roughness(8) < roughness(4));
});

test("a blur keeps the sum and has the variance of its sigma, narrow or wide", () => {
  for (const sigma of [0.8, 2, 6]) {
    const point = new Float32Array(SIZE * SIZE);
    point[64 * SIZE + 64] = 1;
    const blurred = blur(point, SIZE, sigma);
    let [sum, variance] = [0, 0];
    for (let i = 0; i < blurred.length; i++) {
      sum += blurred[i]!;
      variance += blurred[i]! * ((i % SIZE) - 64) ** 2;
    }
    assert.ok(Math.abs(sum - 1) < 1e-4, `sigma ${sigma}: ${sum}`);
    assert.ok(Math.abs(variance / sigma ** 2 - 1) < 0.2, `sigma ${sigma}: ${variance}`);
  }
});
