/** Which arithmetic a run uses: bfloat16 where the device gains by it, else float32. */
import type { Precision } from "@medssl/contract";
import { autocast, type Device, hasFastBfloat16 } from "@medssl/torch";

/** Returns what runs a forward pass in the precision that was asked for. */
export function precisionRunner(precision: Precision, device: Device): <Result>(forward: () => Result) => Result {
  const isLow = precision === "bfloat16" || (precision === "auto" && hasFastBfloat16(device));
  return isLow ? (forward) => autocast({ device, dtype: "bfloat16" }, forward) : (forward) => forward();
}
