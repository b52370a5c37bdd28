/** Which arithmetic a run uses: bfloat16 where the device gains by it, else float32. */
import { existsSync, readFileSync } from "node:fs";
import type { Precision } from "@medssl/contract";
import { autocast, type Device } from "@medssl/torch";

/** A processor without AMX is slower in bfloat16 than in float32, whatever its other extensions. */
function hasFastBfloat16(device: Device): boolean {
  if (device !== "cpu") return device.startsWith("cuda");
  return existsSync("/proc/cpuinfo") && readFileSync("/proc/cpuinfo", "utf8").includes("amx_bf16");
}

/** Returns what runs a forward pass in the precision that was asked for. */
export function precisionRunner(precision: Precision, device: Device): <Result>(forward: () => Result) => Result {
  const isLow = precision === "bfloat16" || (precision === "auto" && hasFastBfloat16(device));
  return isLow ? (forward) => autocast({ device, dtype: "bfloat16" }, forward) : (forward) => forward();
}
