/** How large an element of a scan is, where its file says enough to tell. */
import type { Scan, Vec3 } from "../scan.ts";

/** Whether lengths can be told on this grid: of a picture the thickness does not matter. */
export function usableSpacing(spacingMm: Vec3 | undefined, [depth]: Vec3): Vec3 | undefined {
  if (spacingMm === undefined) return undefined;
  const needed = depth === 1 ? spacingMm.slice(1) : spacingMm;
  return needed.every((mm) => mm > 0 && Number.isFinite(mm)) ? spacingMm : undefined;
}

/** Area of a pixel in mm2, or volume of a voxel in ml, where the spacing is known. */
export function elementSize({ shape, spacingMm }: Pick<Scan, "shape" | "spacingMm">): number | undefined {
  const spacing = usableSpacing(spacingMm, shape);
  if (spacing === undefined) return undefined;
  const [z, y, x] = spacing;
  return shape[0] === 1 ? y * x : (z * y * x) / 1000;
}
