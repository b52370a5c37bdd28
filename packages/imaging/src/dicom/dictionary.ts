/**
 * Value representations of the tags that this package reads as binary numbers or must not split, for data sets that do
 * not name them (implicit VR). All others are text or sequences, which are told apart by how they are asked for: `UN`.
 *
 * US or SS   stands as US; whoever reads a pixel value of signed pixels makes it signed.
 * Source     PS3.6 section 6.
 */

const tagsOfVr: Readonly<Record<string, readonly number[]>> = {
  US: [
    0x00209156, 0x00280002, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103,
    0x00280106, 0x00280107, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103, 0x00283002, 0x0062000b,
    0x0062000d, 0x0062000e, 0x00620004,
  ],
  SS: [0x00281041],
  UL: [0x00041200, 0x00041202, 0x00041400, 0x00041410, 0x00041420, 0x00081161, 0x00209057, 0x00209128, 0x00209157],
  FL: [0x00280122, 0x00280124],
  FD: [0x00189073, 0x00280123, 0x00280125, 0x00209301, 0x00209302],
  AT: [0x00209165, 0x00209167, 0x00280009],
  OW: [0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222, 0x00281223, 0x00283006, 0x7fe00010],
  OF: [0x7fe00008],
  OD: [0x7fe00009],
  OV: [0x7fe00001, 0x7fe00002],
  LT: [0x00104000, 0x001021b0, 0x00204000],
  ST: [0x00080081],
  PN: [0x00080090, 0x00081050, 0x00081070, 0x00100010],
};

const vrs: ReadonlyMap<number, string> = new Map(
  Object.entries(tagsOfVr).flatMap(([vr, tags]) => tags.map((tag) => [tag, vr] as const)),
);

export function vrOfTag(tag: number): string {
  return vrs.get(tag) ?? "UN";
}
