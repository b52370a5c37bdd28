/** An exported model on an image, in Node: npx node examples/segmenter-node.ts path/to/model film.dcm lungs.nii.gz */
import type { MedsslError } from "@medssl/contract";
import { writeNifti } from "@medssl/imaging";
import { Segmenter } from "@medssl/segmenter";

try {
  const [model, image, out] = process.argv.slice(2);
  if (!model || !image || !out) throw new Error("expected MODEL IMAGE OUT");
  await using segmenter = await Segmenter.load(model);
  const { labels, classes } = await segmenter.segment(image);
  for (const { value, name } of classes) {
    const count = labels.data.reduce((sum, label) => sum + Number(label === value), 0);
    console.log(`${name}: ${((100 * count) / labels.data.length).toFixed(1)} % of the image`);
  }
  await writeNifti(out, labels);
} catch (error) {
  const { message, hint } = error as MedsslError;
  console.error(hint ? `${message}\n${hint}` : message);
  process.exitCode = 1;
}
