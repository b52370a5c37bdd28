import { encodePng } from "@medssl/imaging";

/** A picture whose upper half is bright. */
export const picture = async (width = 8, height = 6) =>
  await encodePng({
    ...{ width, height, channels: 1 },
    data: Uint8Array.from({ length: width * height }, (_, i) => (i < (width * height) / 2 ? 200 : i % 7)),
  });
