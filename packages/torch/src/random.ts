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

/** Runs `fn` with generators seeded for it alone: afterwards they go on as if it had not been. */
export function withSeed<Result>(seed: number, device: Device, fn: () => Result): Result {
  const devices = device === "cpu" ? ["cpu"] : ["cpu", device];
  const before = devices.map((name) => generatorState(name).keep());
  manualSeed(seed);
  try {
    return fn();
  } finally {
    for (const [i, name] of devices.entries()) {
      setGeneratorState(before[i]!, name);
      before[i]!.dispose();
    }
  }
}
