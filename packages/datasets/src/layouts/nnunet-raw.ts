/**
 * nnU-Net's raw folders: a file for each channel of a case, labels beside, a description.
 *
 *     Dataset501_Kidney/{dataset.json, imagesTr/case1_0000.nii.gz, imagesTr/case1_0001.nii.gz, labelsTr/case1.nii.gz}
 *
 * Files     NIfTI or pictures (PNG, BMP, TIFF); a TIFF's voxel size stands in `imagesTr/case1.json`. Version 1's folders
 *           (`Task501_Kidney`) have the same names and MSD's description.
 * Channels  each is an image of its own with the case's mask and its own modality: CT and PET of a case stay apart.
 * Patients  a case is not a person, but its channels are one's. Cases of published sets keep their people and names, each
 *           by itself; of the others `--patient-pattern` tells, or nobody.
 * Ignored   a label called `ignore` marks what nobody annotated. It stays a label of its own, with a note.
 * Errors    `ERR_LAYOUT_TASKS`
 * Source    https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md
 */

import { readFileSync } from "node:fs";
import type { Vec3 } from "@medssl/imaging";
import { acdc, acdcReading } from "./acdc.ts";
import { describedFolder, describedFolders, modalityOfChannel, readDescription } from "./dataset-json.ts";
import type { Layout } from "./layout.ts";
import { patientFacts, patientsNote } from "./published-case.ts";
import type { SourceFolder } from "./source-folder.ts";

const CHANNEL_FILE = /^(.+)_(\d{4})(\.nii\.gz|\.nii|\.png|\.bmp|\.tiff?)$/i;
const PARTS = [
  { images: "imagesTr", masks: "labelsTr", split: "train" },
  { images: "imagesTs", masks: "labelsTs", split: "test" },
] as const;

export const nnunetRaw: Layout = {
  name: "nnunet-raw",
  title: "nnU-Net raw",
  patientSpace: "own",
  isPublished: false,
  options: ["patientPattern"],

  recognize: (folder) =>
    describedFolders(folder).some((dataset) => {
      const [first] = channelFiles(dataset, "imagesTr");
      // Where masks have their images' very names, as in MSD's form, four digits are a case's number.
      return first !== undefined && !dataset.has(`labelsTr/${first.file}`);
    }),

  describe(folder) {
    const dataset = describedFolder(folder);
    const { name, labels } = readDescription(dataset);
    return {
      ...(name === undefined ? {} : { title: `${nnunetRaw.title}, ${name}` }),
      ...(labels === undefined ? {} : { labels }),
    };
  },

  async *list(folder, { patientPattern } = {}) {
    const dataset = describedFolder(folder);
    const { channels, labels, problem } = readDescription(dataset);
    const all = PARTS.flatMap(({ images }) => channelFiles(dataset, images));
    const hasChannels = all.some(({ channel }) => channel > 0);
    const rule = hasChannels ? "each case, with all of its channels, counts as a patient" : undefined;
    yield patientsNote(
      all.map(({ name }) => name),
      patientPattern,
      rule,
    );
    if (problem !== undefined) yield { note: `${problem}: labels are told from the masks` };
    const ignored = labels?.find(({ name }) => name === "ignore");
    if (ignored)
      yield { note: `label ${ignored.fileValue}, "ignore", marks what nobody annotated; it is no structure` };
    let numWithoutMask = 0;
    for (const { images, masks, split } of PARTS) {
      const files = channelFiles(dataset, images);
      const numChannels = new Set(files.map(({ channel }) => channel)).size;
      if (numChannels > 1) {
        const names = channels.length > 0 ? ` (${channels.join(", ")})` : "";
        yield { note: `${images}: ${numChannels} channels a case${names}, each an image of its own` };
      }
      for (const { file, name, channel, ending } of files) {
        const key = `${images}/${file.slice(0, -ending.length)}`;
        const mask = `${masks}/${name}${ending}`;
        if (split === "train" && !dataset.has(mask)) numWithoutMask += 1;
        const facts = patientFacts(name, patientPattern?.exec(key)?.[1] ?? (hasChannels ? name : undefined));
        yield {
          files: [dataset.at(`${images}/${file}`)],
          key,
          masks: dataset.has(mask) ? [{ file: dataset.at(mask) }] : [],
          ...facts,
          study: name,
          modality: modalityOfChannel(channels[channel]),
          split,
          reading:
            facts.patientSpace === acdc.name
              ? acdcReading
              : /^\.tif/i.test(ending)
                ? tiffReading(dataset, `${images}/${name}.json`)
                : undefined,
        };
      }
    }
    if (numWithoutMask > 0) yield { note: `${numWithoutMask} training images have no mask` };
  },
};

function channelFiles(dataset: SourceFolder, images: string) {
  return dataset.names(images).flatMap((file) => {
    const [, name, channel, ending] = CHANNEL_FILE.exec(file) ?? [];
    return name && channel && ending ? [{ file, name, channel: Number(channel), ending }] : [];
  });
}

/** `{"spacing": [z, y, x]}` */
function tiffReading(dataset: SourceFolder, path: string): { spacingMm: Vec3 } | undefined {
  try {
    const { spacing } = JSON.parse(readFileSync(dataset.at(path), "utf8"));
    const isVec3 = Array.isArray(spacing) && spacing.length === 3 && spacing.every((size) => size > 0);
    return isVec3 ? { spacingMm: spacing as unknown as Vec3 } : undefined;
  } catch {
    return undefined;
  }
}
