/**
 * ACDC's volumes (patient001_frame01.nii.gz, patient001_frame01_gt.nii.gz) to PNG slices that `medssl ingest` reads:
 *
 *     npx node examples/acdc-to-png.ts ACDC/training acdc-png
 *     npx medssl ingest acdc-png --store stores/acdc --labels rv=1,myocardium=2,lv=3
 *
 * Grey values are the volume's 0.5th..99.5th percentile on 0..255; every slice is kept, at its own size.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writePng } from "@medssl/imaging";

const [source = ".", target = "acdc-png"] = process.argv.slice(2);
for (const folder of ["images", "masks"]) mkdirSync(join(target, folder), { recursive: true });
const files = readdirSync(source, { recursive: true, encoding: "utf8" });
for (const file of files.filter((name) => /frame\d+(_gt)?\.nii\.gz$/.test(name)).sort()) {
  const { width, height, values } = readNifti(join(source, file));
  const isMask = file.endsWith("_gt.nii.gz");
  const sorted = values.toSorted();
  const low = isMask ? 0 : sorted[Math.round(0.005 * (sorted.length - 1))]!;
  const high = isMask ? 255 : sorted[Math.round(0.995 * (sorted.length - 1))]!;
  const bytes = Uint8ClampedArray.from(values, (value) => (255 * (value - low)) / (high - low));
  for (let z = 0; z * width * height < bytes.length; z++) {
    const data = Uint8Array.from(bytes.subarray(z * width * height, (z + 1) * width * height));
    const name = `${basename(file).replace(/(_gt)?\.nii\.gz$/, "")}_z${String(z).padStart(2, "0")}.png`;
    await writePng(join(target, isMask ? "masks" : "images", name), { width, height, channels: 1, data });
  }
}

/** Size of a slice and the values of all, one slice after another, of a little-endian NIfTI-1 file. */
function readNifti(path: string) {
  const bytes = gunzipSync(readFileSync(path));
  const header = new DataView(bytes.buffer, bytes.byteOffset, 348);
  const [width, height, depth] = [header.getInt16(42, true), header.getInt16(44, true), header.getInt16(46, true)];
  const type = header.getInt16(70, true);
  const Values = { 2: Uint8Array, 4: Int16Array, 16: Float32Array, 64: Float64Array, 512: Uint16Array }[type];
  if (Values === undefined) throw new Error(`${path}: data type ${type} is not handled here`);
  const start = bytes.byteOffset + header.getFloat32(108, true);
  const stored = new Values(bytes.buffer.slice(start, start + width * height * depth * Values.BYTES_PER_ELEMENT));
  const [slope, intercept] = [header.getFloat32(112, true) || 1, header.getFloat32(116, true)];
  return { width, height, values: Float32Array.from(stored, (value) => value * slope + intercept) };
}
