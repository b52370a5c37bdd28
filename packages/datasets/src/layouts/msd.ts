/**
 * The Medical Segmentation Decathlon: ten tasks, each a folder with a description; and other folders of that form.
 *
 *     Task03_Liver/{dataset.json, imagesTr/liver_0.nii.gz, labelsTr/liver_0.nii.gz, imagesTs/liver_131.nii.gz}
 *
 * Labels    those of `dataset.json`. Task02_Heart's one label is the left atrium, not a heart.
 * Channels  Task01 and Task05 hold several images in a 4-D file; the first is read, and a note names the others.
 * People    Task03_Liver is LiTS: same numbers, same people, same placeholders for the voxel size (lits.ts).
 * Names     `liver_0` is a published pseudonym; a case of another name, in the same folder too, is the user's own, and
 *           nobody knows whose it is.
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
import { patientFacts, patientsNote, publishedCase } from "./published-case.ts";
import type { SourceFolder } from "./source-folder.ts";

const FILE = /^(images|labels)(Tr|Ts)\/([^/]+)\.nii(?:\.gz)?$/;

export const msd: Layout = {
  name: "msd",
  title: "Medical Segmentation Decathlon",
  patientSpace: "own",
  isPublished: false,
  options: ["patientPattern"],

  recognize: (folder) => describedFolders(folder).some((task) => firstCase(task) !== undefined),

  describe(folder) {
    const task = describedFolder(folder);
    const { name, labels, numTraining, numTest = 0 } = readDescription(task);
    const first = firstCase(task) ?? "";
    const isAtrium = first.startsWith("la_");
    let facts: LayoutFacts = {};
    if (name !== undefined) facts = { ...facts, title: `${msd.title}, ${name}` };
    if (labels !== undefined) facts = { ...facts, labels: isAtrium ? fileLabels({ "left atrium": 1 }) : labels };
    if (publishedCase(first) !== undefined && numTraining !== undefined) {
      const images = numTraining + numTest;
      facts = { ...facts, published: { images, masks: numTraining, reference: "its dataset.json" } };
    }
    return facts;
  },

  async *list(folder, { patientPattern } = {}) {
    const task = describedFolder(folder);
    const { channels, problem } = readDescription(task);
    if (problem !== undefined) yield { note: `${problem}: labels are told from the masks` };
    if (channels.length > 1) {
      yield { note: `each file holds ${channels.length} images (${channels.join(", ")}); the first is read` };
    }
    const cases: string[] = [];
    const liverNumbers: number[] = [];
    yield* listByName(task, roleOf, ({ name }) => {
      cases.push(baseName(name));
      const facts = patientFacts(baseName(name), patientPattern?.exec(name)?.[1]);
      const split = name.startsWith("imagesTr/") ? "train" : "test";
      const isLitsCase = facts.patientSpace === "lits" && split === "train";
      if (isLitsCase) liverNumbers.push(Number(facts.patient));
      return {
        ...facts,
        split,
        modality: modalityOfChannel(channels[0]),
        reading: isLitsCase ? litsReading(Number(facts.patient)) : undefined,
      };
    });
    yield patientsNote(cases, patientPattern);
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
