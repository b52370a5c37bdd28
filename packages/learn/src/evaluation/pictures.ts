/**
 * Pictures of what a network did, for a person.
 */
import { type Image, montage, overlayLabels, writePng } from "@medssl/imaging";
import type { Tensor } from "@medssl/torch";

/** Grey values of one image. @param tensor uint8 [1, H, W] or [H, W], or floats of 0-1 of that shape */
export function grayImage(tensor: Tensor): Image<Uint8Array> & { channels: 1 } {
  const [height, width] = [tensor.size(-2), tensor.size(-1)];
  const bytes = tensor.dtype === "uint8" ? tensor : tensor.mul(255).add(0.5).clamp(0, 255).to({ dtype: "uint8" });
  const data = bytes.to({ device: "cpu" }).contiguous().toTypedArray() as Uint8Array;
  return { width, height, channels: 1, data };
}

/** Image, truth and prediction side by side. All uint8 [H, W]. */
export async function writeExample(path: string, image: Tensor, truth: Tensor, prediction: Tensor): Promise<void> {
  const gray = grayImage(image);
  await writePng(
    path,
    montage([[gray, overlayLabels(gray, grayImage(truth)), overlayLabels(gray, grayImage(prediction))]]),
  );
}

/** Rows of original, masked and reconstructed images. @param columns Each floats of 0-1 [N, 1, S, S] */
export async function writeReconstructions(path: string, columns: readonly Tensor[]): Promise<void> {
  const count = columns[0]!.size(0);
  const rows = Array.from({ length: count }, (_, i) => columns.map((images) => grayImage(images.select(0, i))));
  await writePng(path, montage(rows));
}
