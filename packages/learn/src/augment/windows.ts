/**
 * From stored numbers to grey values of 0-1: 8-bit pictures as they are, CT through a window of Hounsfield units.
 *
 * Windows  drawn for each view from the recipe's; each end moves by up to `windowJitter` of the width, so that a network
 *          does not depend on one setting of the display.
 * Source   windows as augmentation: Goncharov et al., "vox2vec" (2023).
 */
import type { PretrainAugmentation } from "@medssl/contract";
import { fromTypedArray, scope, type Tensor } from "@medssl/torch";
import type { Draws } from "./draws.ts";

const BYTE_RANGE = [0, 255] as const;

/** @param values Stored numbers [V, 1, H, W] @param isHounsfield Of each view; undefined: in the whole set there is no CT @returns Floats of 0-1 [V, 1, H, W] */
export function toGray(
  values: Tensor,
  isHounsfield: readonly boolean[] | undefined,
  draws: Draws,
  { windows, windowJitter }: Pick<PretrainAugmentation, "windows" | "windowJitter">,
): Tensor {
  return scope(() => {
    if (isHounsfield === undefined) return values.div(BYTE_RANGE[1]);
    const onDevice = (numbers: readonly number[], columns: number) =>
      fromTypedArray(Float32Array.from(numbers), [numbers.length / columns, columns]).to({ device: draws.device });
    const chosen = draws.unit().mul(windows.length).floor().to({ dtype: "int64" });
    const ends = onDevice(windows.flat(), 2).indexSelect(0, chosen); // [V, 2]
    const width = ends.slice(1, 1).sub(ends.slice(1, 0, 1));
    const moved = ends.add(draws.between(-windowJitter, windowJitter, 2).mul(width));
    const isCt = onDevice(isHounsfield.map(Number), 1);
    const own = moved.mul(isCt).add(onDevice(BYTE_RANGE, 2).mul(isCt.neg().add(1)));
    const [low, high] = own.view([-1, 1, 1, 2]).chunk(2, 3) as [Tensor, Tensor];
    return values.sub(low).div(high.sub(low)).clamp(0, 1);
  });
}
