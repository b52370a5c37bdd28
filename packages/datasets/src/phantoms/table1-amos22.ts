/**
 * A miniature of AMOS22: `amos22/{imagesTr,labelsTr,imagesVa,labelsVa,imagesTs}/amos_0001.nii.gz` and dataset.json.
 *
 * Alike    two training volumes to one for validation and two for tests, one MR to five CT, numbers by modality (CT up to
 *          500, for training and validation up to 410), orientations and spacings that differ from case to case, not all
 *          512 x 512, a dataset.json with the archive's own spelling.
 * Fewer    organs: the phantom has no adrenal glands, bladder, prostate or uterus.
 * Dirt     an AppleDouble file among the images.
 * Source   Ji et al., NeurIPS 2022 (arXiv 2206.08023).
 */

import { Random } from "../random.ts";
import { between, chance, oneOf } from "./draw.ts";
import { type Archive, appleDouble, type PlanCounts, type PlanOptions, type Table1Job } from "./table1-plan.ts";

/** The parts of the archive, and how many volumes they have at scale 1. */
const groups = [
  { part: "Tr", modality: "CT", volumes: 200 },
  { part: "Va", modality: "CT", volumes: 100 },
  { part: "Ts", modality: "CT", volumes: 200 },
  { part: "Tr", modality: "MR", volumes: 40 },
  { part: "Va", modality: "MR", volumes: 20 },
  { part: "Ts", modality: "MR", volumes: 40 },
] as const;
const NUM_VOLUMES = 600;
/** Of a small miniature: every group and both of its neighbors in number have some. */
const MIN_VOLUMES = 12;
/** The heights of the phantom that a scan can cover, in mm. */
const MAX_HEIGHT_MM = 360;

const orientations = ["LPS", "LAS", "RAS", "LPI", "RPS", "PLS"];
const labelNames = [
  "background",
  "spleen",
  "right kidney",
  "left kidney",
  "gall bladder",
  "esophagus",
  "liver",
  "stomach",
  "arota",
  "postcava",
  "pancreas",
  "right adrenal gland",
  "left adrenal gland",
  "duodenum",
  "bladder",
  "prostate/uterus",
];

export const amosMiniature: Archive = { folder: "amos22", title: "AMOS22", published: 62_880, plan };

function* plan({ seed, images, file }: PlanOptions): Generator<Table1Job, PlanCounts> {
  const random = new Random(seed, 233);
  const numVolumes = Math.max(
    Math.min(MIN_VOLUMES, images),
    Math.round((images * NUM_VOLUMES) / amosMiniature.published),
  );
  const volumes = chooseVolumes(numVolumes, random);
  const counts = shareSlices(
    images,
    volumes.map(() => between(random, 0.5, 1.5)),
  );
  for (const [i, { image, label, modality }] of volumes.entries()) {
    const numSlices = counts[i]!;
    const spacing = Math.min(oneOf(random, [2, 2.5, 3, 5]), Math.floor((100 * MAX_HEIGHT_MM) / numSlices) / 100);
    yield {
      kind: "volume",
      seed: random.uint32(),
      modality,
      size: modality === "MR" ? 320 : chance(random, 0.05) ? 768 : 512,
      numSlices,
      spacingZ: spacing,
      orientation: oneOf(random, orientations),
      imagePath: image,
      labelPath: label,
    };
  }
  const pairs = (part: string) =>
    volumes
      .filter(({ image }) => image.startsWith(`images${part}`))
      .map(
        ({ image, label }): Entry =>
          label === undefined ? `./${image}` : { image: `./${image}`, label: `./${label}` },
      );
  file("dataset.json", describe(pairs("Tr"), pairs("Va"), pairs("Ts")));
  file("imagesTr/._amos_0001.nii.gz", appleDouble);
  return { patients: numVolumes, images };
}

interface Volume {
  readonly image: string;
  readonly label: string | undefined;
  readonly modality: "CT" | "MR";
}

/** The first of every group, then the others in proportion; in the order of their numbers. */
function chooseVolumes(count: number, random: Random): Volume[] {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const early = random.shuffle(range(1, 410));
  const late = random.shuffle(range(501, 600));
  // CT of training and validation has numbers up to 410 only; tests have the rest.
  const numbers: Readonly<Record<string, number[]>> = {
    TrCT: early.slice(0, 200),
    VaCT: early.slice(200, 300),
    TsCT: random.shuffle([...early.slice(300), ...range(411, 500)]),
    TrMR: late.slice(0, 40),
    VaMR: late.slice(40, 60),
    TsMR: late.slice(60),
  };
  return groups
    .flatMap(({ part, modality, volumes }) =>
      numbers[part + modality]!.map((number, i) => ({
        part,
        modality,
        number,
        rank: i === 0 ? 0 : (i + 0.5) / volumes,
      })),
    )
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .sort((a, b) => a.number - b.number)
    .map(({ part, modality, number }) => {
      const name = `amos_${String(number).padStart(4, "0")}.nii.gz`;
      return { image: `images${part}/${name}`, label: part === "Ts" ? undefined : `labels${part}/${name}`, modality };
    });
}

/** Whole numbers of at least 1 in proportion to the weights, `total` together. */
function shareSlices(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let passed = 0;
  let given = 0;
  return weights.map((weight, i) => {
    passed += weight;
    const most = total - given - (weights.length - 1 - i);
    const count = Math.min(Math.max(Math.round((total * passed) / sum) - given, 1), most);
    given += count;
    return count;
  });
}

type Entry = string | { readonly image: string; readonly label: string };

function describe(training: readonly Entry[], validation: readonly Entry[], test: readonly Entry[]): string {
  const content = {
    name: "AMOS",
    description: "A miniature of AMOS22 made of phantoms; no person's image is in it",
    reference: "medssl phantom --mimic table1",
    licence: "none needed",
    release: "1.0",
    tensorImageSize: "3D",
    modality: { "0": "CT" },
    labels: Object.fromEntries(labelNames.map((name, value) => [String(value), name])),
    numTraining: training.length,
    numValidation: validation.length,
    numTest: test.length,
    training,
    validation,
    test,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
