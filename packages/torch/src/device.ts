/**
 * Devices. The CPU needs nothing; CUDA's library (half a gigabyte) is loaded when a CUDA device is first asked for.
 *
 * Order    libtorch looks for CUDA once, at the latest in the first backward pass: ask for the device before any work.
 * Errors   `ERR_DEVICE`, `ERR_CUDA_MISSING`, `ERR_CUDA_LOAD`, `ERR_DEVICE_MISSING`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { buildInfo, native } from "./native.ts";

/** "cpu", "cuda", "cuda:1", "mps". */
export type Device = string;

// c10/core/DeviceType.h
const types = { cpu: 0, cuda: 1, mps: 13 } as const;
type DeviceType = keyof typeof types;

const cudaLibrary = () => join(buildInfo().torchDir, "lib", "libtorch_cuda.so");

let isCudaLoaded = false;

function loadCuda(): void {
  if (isCudaLoaded) return;
  if (!existsSync(cudaLibrary())) {
    throw new MedsslError("ERR_CUDA_MISSING", `This libtorch has no CUDA: ${cudaLibrary()} does not exist.`, {
      hint: "Use --device cpu, or install a CUDA build of PyTorch and run `npm run setup` again.",
    });
  }
  try {
    native.loadLibrary(cudaLibrary());
  } catch (cause) {
    throw new MedsslError("ERR_CUDA_LOAD", `CUDA's library does not load: ${(cause as Error).message}`, {
      hint: "Use --device cpu, or install that PyTorch again with all that it depends on.",
      cause,
    });
  }
  isCudaLoaded = true;
}

/** Devices that were asked for before: known to be there. */
const codes = new Map<Device, readonly [type: number, index: number]>();

/** Returns [type, index] for libtorch; index -1 is the current device of that type. */
export function deviceCode(device: Device): readonly [type: number, index: number] {
  let code = codes.get(device);
  if (code === undefined) {
    code = findDevice(device);
    codes.set(device, code);
  }
  return code;
}

function findDevice(device: Device): [type: number, index: number] {
  const [, name, index] = /^(cpu|cuda|mps)(?::(\d+))?$/.exec(device) ?? [];
  if (name === undefined) {
    throw new MedsslError("ERR_DEVICE", `Unknown device "${device}": expected cpu, cuda, cuda:0, cuda:1, ... or mps.`);
  }
  const type = types[name as DeviceType];
  const count = deviceCount(name as DeviceType);
  if (Number(index ?? 0) >= count) {
    throw new MedsslError(
      "ERR_DEVICE_MISSING",
      `There is no device "${device}": ${count} ${name} devices were found.`,
      {
        hint: `Use --device ${count > 0 ? `${name}:${count - 1}` : "cpu"}; \`npx medssl doctor\` lists the devices.`,
      },
    );
  }
  return [type, index === undefined ? -1 : Number(index)];
}

/** How many devices of a type can be used; CUDA's library has to be there. */
export function deviceCount(name: DeviceType): number {
  if (name === "cuda") loadCuda();
  return native.deviceCount(types[name]);
}

export function deviceOfCode(type: number, index: number): Device {
  const name = Object.entries(types).find(([, code]) => code === type)?.[0] ?? `device${type}`;
  return index < 0 ? name : `${name}:${index}`;
}

/** How many CUDA devices can be used; 0 where the library or a driver is missing. */
export function cudaDeviceCount(): number {
  if (!existsSync(cudaLibrary())) return 0;
  try {
    return deviceCount("cuda");
  } catch {
    return 0; // a CUDA build on a machine without the driver's libraries
  }
}

/** Makes sure that a device is there. A program does it before any other work (see Order). */
export function useDevice(device: Device): void {
  deviceCode(device);
}

/** Waits until the device has done all that was asked of it; for timing. */
export const synchronize = (device: Device): void => native.synchronize(...deviceCode(device));

/** Sets the number of threads of an operator on the CPU. */
export const setNumThreads = (count: number): void => native.setNumThreads(count);
export const numThreads = (): number => native.numThreads();
