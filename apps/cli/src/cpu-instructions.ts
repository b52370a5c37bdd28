/**
 * Whether the processor computes in bfloat16, and whether that is faster than float32.
 *
 * Only matrix units (AMX on Intel) gain by it: with AVX512-BF16 alone a large product took twice as long as in float32.
 * Precision `auto` follows the same rule.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Bf16Support {
  /** The instructions that compute in bfloat16, by the operating system's names. */
  readonly instructions: readonly string[];
  readonly isFaster: boolean;
}

/** Reads `flags` (x86) or `Features` (ARM) of /proc/cpuinfo, or macOS's hw.optional; empty where neither is there. */
export function readCpuFlags(): readonly string[] {
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

export function bf16Support(flags: readonly string[]): Bf16Support {
  const instructions = ["amx_bf16", "avx512_bf16", "bf16"].filter((name) => flags.includes(name));
  return { instructions, isFaster: instructions.includes("amx_bf16") };
}
