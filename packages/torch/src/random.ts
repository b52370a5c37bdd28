/** libtorch's random generators: seeds, and states for exact resuming. */
import { type Device, deviceCode } from "./device.ts";
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Seeds the generators of all devices. @param seed An integer >= 0. */
export const manualSeed = (seed: number): void => native.manualSeed(seed);

/** The state of a device's generator: uint8 [n]. */
export const generatorState = (device: Device = "cpu"): Tensor =>
  new Tensor(native.generatorState(...deviceCode(device)));

export const setGeneratorState = (state: Tensor, device: Device = "cpu"): void =>
  native.setGeneratorState(...deviceCode(device), state.handle);

/** Remembers the generators of a device and of the CPU. @returns What puts them back, once. */
export function saveGenerators(device: Device): () => void {
  const devices = [...new Set<Device>(["cpu", device])];
  const states = devices.map((name) => [name, generatorState(name).keep()] as const);
  return () => {
    for (const [name, state] of states) {
      setGeneratorState(state, name);
      state.dispose();
    }
  };
}

/** Runs `fn` with generators seeded for it alone: afterwards they go on as if it had not been. */
export function withSeed<Result>(seed: number, device: Device, fn: () => Result): Result {
  const restore = saveGenerators(device);
  manualSeed(seed);
  try {
    return fn();
  } finally {
    restore();
  }
}
