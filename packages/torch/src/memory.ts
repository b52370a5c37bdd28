/** What tensors hold, for tests and for the curious. */
import { type Device, deviceCode } from "./device.ts";
import { callBuffer, native } from "./native.ts";

export interface MemoryStats {
  /** Tensors that JavaScript holds. */
  readonly tensors: number;
  /** Bytes of their distinct memories; a view counts once with its base. */
  readonly bytes: number;
  /** Largest resident size of this process so far, in bytes. */
  readonly peakResidentBytes: number;
  /** Most memory that tensors took on the device at one time, in bytes; 0 for the CPU. */
  readonly peakDeviceBytes: number;
}

export function memoryStats(device: Device = "cpu"): MemoryStats {
  native.memoryStats();
  const [tensors, bytes] = callBuffer as unknown as [number, number];
  return {
    tensors,
    bytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    peakDeviceBytes: native.peakDeviceMemory(...deviceCode(device)),
  };
}
