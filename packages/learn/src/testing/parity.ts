/**
 * Holding our numbers against PyTorch's, which `fixtures/make-parity.py` wrote; for tests.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cat, fromTypedArray, noGrad, readSafetensors, scope, type Tensor } from "@medssl/torch";
import { namedParameters } from "../nn/module.ts";

/** Largest difference that passes, as a share of the expected tensor's largest value. */
const TOLERANCE = 1e-5;
/** Values in a digest, about: as in make-parity.py. */
const SAMPLES = 15;

/** Tensors of `fixtures/<name>.safetensors`. */
export function readFixture(name: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(fileURLToPath(new URL(`../fixtures/${name}.safetensors`, import.meta.url))).tensors;
}

/** Fails where a value differs by more than 1e-5 of the largest expected one. */
export function assertClose(actual: Tensor, expected: Tensor, what: string): void {
  scope(() => {
    assert.deepEqual(actual.shape, expected.shape, what);
    const scale = expected.abs().amax().item();
    const error = actual.detach().sub(expected).abs().amax().item() / scale;
    assert.ok(error <= TOLERANCE, `${what}: differs by ${error.toExponential(1)} of its largest value ${scale}`);
  });
}

/** `count` values on [-1, 1) from integer arithmetic (MurmurHash3's finaliser): `scrambled` of make-parity.py. */
function scrambled(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let h = (i + Math.imul(seed, 65537)) >>> 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
    return (h >>> 0) / 2 ** 31 - 1;
  });
}

/** Gives every parameter the value that make-parity.py's `fill` gives it. */
export function fillParameters(module: object): void {
  const parameters = namedParameters(module).sort(([a], [b]) => (a < b ? -1 : 1));
  noGrad(() =>
    scope(() => {
      for (const [seed, [name, parameter]] of parameters.entries()) {
        const values = fromTypedArray(scrambled(parameter.numel, seed), parameter.shape);
        const isMatrix = parameter.rank > 1;
        const fanIn = parameter.numel / parameter.size(0);
        const center = name.endsWith("weight") ? 1 : 0;
        parameter.copy_(isMatrix ? values.div(Math.sqrt(fanIn)) : values.mul(0.1).add(center));
      }
    }),
  );
}

/** Norm, and about 15 values at even distances. */
export function digest(values: Tensor): Tensor {
  return scope(() => {
    const flat = values.detach().flatten();
    return cat([flat.norm().unsqueeze(0), flat.slice(0, 0, undefined, Math.ceil(flat.numel / SAMPLES))]);
  });
}
