/**
 * One image file, with its mask, to what a store keeps of it.
 *
 * Pixels   one channel, 8 bits (16-bit files by their 0.5th..99.5th percentile), bicubic to the store's size.
 * Labels   by the store's rule, nearest neighbor to the same size.
 * Errors   `ERR_IMAGE_BLANK`, `ERR_MASK_AMBIGUOUS`, `ERR_MASK_SIZE`, and those of reading: each concerns this file only.
 */

import { createHash } from "node:crypto";
import { MedsslError } from "@medssl/contract";
import {
  decodeImage,
  decodeMask,
  fitImage,
  fitLabels,
  type Image,
  readImageBytes,
  selectChannel,
  toUint8,
} from "@medssl/imaging";
import type { ImageFile } from "./folder-layout.ts";
import { applyLabelRule, type LabelRule } from "./label-rule.ts";
import type { StoreRecipe } from "./store.ts";
import type { NewCase } from "./store-writer.ts";

/** The bytes of an image and its mask, and the hashes that they are known by. */
export interface CaseFiles {
  readonly imageBytes: Uint8Array;
  readonly imageHash: string;
  readonly maskFile: string | undefined;
  readonly maskBytes: Uint8Array | undefined;
  readonly maskHash: string | undefined;
}

export async function readCaseFiles({ image, masks }: ImageFile): Promise<CaseFiles> {
  const [maskFile, ...others] = masks;
  if (others.length > 0) {
    throw new MedsslError("ERR_MASK_AMBIGUOUS", `${image}: several masks fit: ${masks.join(", ")}`, {
      hint: "Say which one counts with --mask-suffix, or list the pairs in a cases.csv.",
    });
  }
  const imageBytes = await readImageBytes(image);
  const maskBytes = maskFile === undefined ? undefined : await readImageBytes(maskFile);
  return {
    imageBytes,
    imageHash: sha256(imageBytes),
    maskFile,
    maskBytes,
    maskHash: maskBytes && sha256(maskBytes),
  };
}

export interface PreparedCase
  extends Pick<NewCase, "pixels" | "labels" | "width" | "height" | "imageHash" | "maskFile" | "maskHash"> {
  readonly isThresholded: boolean;
}

export async function prepareCase(
  file: string,
  files: CaseFiles,
  recipe: StoreRecipe,
  rule: LabelRule | undefined,
): Promise<PreparedCase> {
  const { imageHash, maskFile, maskHash } = files;
  const image = await decodeImage(files.imageBytes, file);
  const gray = toUint8(selectChannel(image, recipe.channel), "percentile");
  if (gray.data.every((value) => value === gray.data[0])) {
    throw new MedsslError("ERR_IMAGE_BLANK", `${file}: every pixel has the same value, ${image.data[0]}`);
  }
  const mask =
    maskFile && files.maskBytes && rule ? await readLabels(files.maskBytes, maskFile, rule, image) : undefined;
  return {
    pixels: fitImage(gray, recipe).data,
    labels: mask && fitLabels(mask.labels, recipe).data,
    isThresholded: mask?.isThresholded ?? false,
    width: image.width,
    height: image.height,
    imageHash,
    maskFile,
    maskHash,
  };
}

async function readLabels(bytes: Uint8Array, file: string, rule: LabelRule, image: Image) {
  const mask = await decodeMask(bytes, file);
  if (mask.width !== image.width || mask.height !== image.height) {
    throw new MedsslError(
      "ERR_MASK_SIZE",
      `${file}: the mask is ${mask.width}x${mask.height} pixels, its image ${image.width}x${image.height}`,
      { hint: "Masks are drawn on the image itself: same width, same height." },
    );
  }
  return applyLabelRule(mask, rule, file);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
