/**
 * What a layout knows better than the files do, applied to a scan: see `Reading`.
 */

import { type Box, blackBorder, cropImage, type Samples, type Scan, selectChannel } from "@medssl/imaging";
import type { Reading } from "../layouts/layout.ts";

export interface UnderstoodScan {
  readonly scan: Scan;
  /** What is left of the picture, where a border was cut off: masks are cut in the same way. */
  readonly crop: (Box & { readonly fullWidth: number; readonly fullHeight: number }) | undefined;
}

export function applyReading(scan: Scan, reading: Reading = {}): UnderstoodScan {
  const { subtract, isHounsfield, isInverted, spacingMm, areDirectionsUnknown, cropsBlackBorder } = reading;
  let { data } = scan;
  if (subtract !== undefined) data = lowered(data, subtract);
  if (isInverted) data = inverted(data);
  const understood: Scan = {
    ...scan,
    data,
    meaning: isHounsfield ? "hounsfield" : scan.meaning,
    spacingMm: spacingMm === undefined ? scan.spacingMm : spacingMm === "unknown" ? undefined : spacingMm,
    affine: areDirectionsUnknown ? undefined : scan.affine,
  };
  return cropsBlackBorder ? withoutBorder(understood) : { scan: understood, crop: undefined };
}

function lowered(data: Samples, amount: number): Samples {
  if (data instanceof Uint16Array && amount === 32768 && data.byteOffset % 4 === 0 && data.length % 2 === 0) {
    // 16 bits without a sign, less the middle of their range, are 16 bits with a sign: the highest bit turned, in place.
    const pairs = new Uint32Array(data.buffer, data.byteOffset, data.length / 2);
    for (let i = 0; i < pairs.length; i++) pairs[i]! ^= 0x80008000;
    return new Int16Array(data.buffer, data.byteOffset, data.length);
  }
  const result = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = data[i]! - amount;
  return result;
}

/** Brightest becomes darkest; the range stays that of the values. */
function inverted<Data extends Samples>(data: Data): Data {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return data.map((value: number) => low + high - value) as Data;
}

function withoutBorder(scan: Scan): UnderstoodScan {
  const [depth, height, width] = scan.shape;
  const image = { width, height, channels: scan.channels, data: scan.data };
  const box = blackBorder(selectChannel(image, "luma"));
  if (depth !== 1 || (box.width === width && box.height === height)) return { scan, crop: undefined };
  const cut = cropImage(image, box);
  return {
    scan: { ...scan, data: cut.data, shape: [1, cut.height, cut.width] },
    crop: { ...box, fullWidth: width, fullHeight: height },
  };
}
