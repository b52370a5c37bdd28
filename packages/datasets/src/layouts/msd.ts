/**
 * The Medical Segmentation Decathlon: ten tasks, each a folder with a description; and other folders of that form.
 *
 *     Task03_Liver/{dataset.json, imagesTr/liver_0.nii.gz, labelsTr/liver_0.nii.gz, imagesTs/liver_131.nii.gz}
 *
 * Labels    those of `dataset.json`. Task02_Heart's one label is the left atrium, not a heart.
 * Channels  Task01 and Task05 hold several images in a 4-D file; the first is read, and a note names the others.
 * People    Task03_Liver is LiTS: same numbers, same people, same placeholders for the voxel size (lits.ts).
 * Names     `liver_0` is a published pseudonym; in a folder of that form with other names, nobody knows whose they are.
 * Errors    `ERR_LAYOUT_TASKS`
 * Source    Simpson et al., arXiv 1902.09063.
 */

import { describedFolder, describedFolders, modalityOfChannel, readDescription } from "./dataset-json.ts";
import { fileLabels } from "./file-labels.ts";
import { baseName, stemOf } from "./image-file.ts";
import { sampleImages } from "./image-sample.ts";
import type { Layout, LayoutFacts } from "./layout.ts";
import { litsNotes, litsReading } from "./lits.ts";
import { listByName, type Role } from "./named-images.ts";
import { patientsNote, publishedCase } from "./published-case.ts";
import type { SourceFolder } from "./source-folder.ts";

const FILE = /^(images|labels)(Tr|Ts)\/([^/]+)\.nii(?:\.gz)?$/;

export const msd: Layout = {
  name: "msd",
  title: "Medical Segmentation Decathlon",
  isPublished: false,
  options: ["patientPattern"],

  recognize: (folder) => describedFolders(folder).some((task) => firstCase(task) !== undefined),

  describe(folder) {
    const task = describedFolder(folder);
    const { name, labels, numTraining, numTest = 0 } = readDescription(task);
    const first = firstCase(task) ?? "";
    const known = publishedCase(first);
    const isAtrium = first.startsWith("la_");
    let facts: LayoutFacts = {};
    if (name !== undefined) facts = { ...facts, title: `${msd.title}, ${name}` };
    if (labels !== undefined) facts = { ...facts, labels: isAtrium ? fileLabels({ "left atrium": 1 }) : labels };
    if (known !== undefined) facts = { ...facts, patientSpace: known.patientSpace, isPublished: true };
    if (known !== undefined && numTraining !== undefined) {
      const images = numTraining + numTest;
      facts = { ...facts, published: { images, masks: numTraining, reference: "its dataset.json" } };
    }
    return facts;
  },

  async *list(folder, { patientPattern } = {}) {
    const task = describedFolder(folder);
    const { channels, problem } = readDescription(task);
    const first = firstCase(task) ?? "";
    yield patientsNote(first, patientPattern);
    if (problem !== undefined) yield { note: `${problem}: labels are told from the masks` };
    if (channels.length > 1) {
      yield { note: `each file holds ${channels.length} images (${channels.join(", ")}); the first is read` };
    }
    const isLiver = publishedCase(first)?.patientSpace === "lits";
    const liverNumbers: number[] = [];
    yield* listByName(task, roleOf, ({ name }) => {
      const patient = patientPattern?.exec(name)?.[1] ?? publishedCase(baseName(name))?.patient;
      const split = name.startsWith("imagesTr/") ? "train" : "test";
      const isLitsCase = isLiver && split === "train";
      if (isLitsCase) liverNumbers.push(Number(patient));
      return {
        patient,
        split,
        modality: modalityOfChannel(channels[0]),
        reading: isLitsCase ? litsReading(Number(patient)) : undefined,
      };
    });
    yield* litsNotes(liverNumbers);
  },
};

function roleOf(path: string): Role | undefined {
  const [, kind, part, name] = FILE.exec(path) ?? [];
  if (kind === undefined) return undefined;
  return kind === "images" ? { image: `images${part}/${name}` } : { maskOf: `images${part}/${name}` };
}

function firstCase(task: SourceFolder): string | undefined {
  const first = sampleImages(task).find((path) => FILE.test(path));
  return first && baseName(stemOf(first));
}
