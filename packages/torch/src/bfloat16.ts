/**
 * Which devices compute in bfloat16, and which are faster at it than in float32: what precision `auto` follows.
 *
 * CPU     only matrix units (AMX on Intel) gain: with AVX512-BF16 alone a large product took twice as long as in float32.
 * CUDA    cards from Ampere (compute capability 8) on; older ones make bfloat16 out of float32.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Device, deviceCode } from "./device.ts";
import { native } from "./native.ts";

export interface Bfloat16Support {
  /** The processor's instructions that compute in bfloat16, by the operating system's names. */
  readonly instructions: readonly string[];
  readonly isFaster: boolean;
}

const AMPERE = 8;

/** Whether a device computes faster in bfloat16 than in float32. */
export function hasFastBfloat16(device: Device): boolean {
  const [, index] = deviceCode(device);
  if (device.startsWith("cuda")) return native.cudaCapability(Math.max(0, index)) >= AMPERE;
  return device.startsWith("cpu") && cpuBfloat16().isFaster;
}

export const cpuBfloat16 = (): Bfloat16Support => bfloat16Support(readCpuFlags());

export function bfloat16Support(flags: readonly string[]): Bfloat16Support {
  const instructions = ["amx_bf16", "avx512_bf16", "bf16"].filter((name) => flags.includes(name));
  return { instructions, isFaster: instructions.includes("amx_bf16") };
}

/** `flags` (x86) or `Features` (ARM) of /proc/cpuinfo, or macOS's hw.optional; empty where neither is there. */
function readCpuFlags(): readonly string[] {
  try {
    if (process.platform === "darwin") return macFlags(execFileSync("sysctl", ["hw.optional"], { encoding: "utf8" }));
    return linuxFlags(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return []; // a sandbox without /proc: nothing is known, so nothing is claimed
  }
}

export function linuxFlags(cpuinfo: string): readonly string[] {
  return /^(?:flags|Features)\s*: (.*)$/m.exec(cpuinfo)?.[1]?.split(" ") ?? [];
}

/** `hw.optional.arm.FEAT_BF16: 1` becomes `bf16`. */
export function macFlags(sysctl: string): readonly string[] {
  return [...sysctl.matchAll(/^hw\.optional\.arm\.FEAT_(\w+): 1$/gm)].map(([, name = ""]) => name.toLowerCase());
}
