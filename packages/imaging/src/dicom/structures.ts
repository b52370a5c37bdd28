/**
 * Which structure of the body a label names, in the codes that other programs understand: SNOMED CT, as DICOM's lists have
 * them.
 *
 * Names      as data sets and people write them: `lungs`, `Left_Kidney`, `kidney-left`, `leftLung`, `tumour`. Case, order of
 *            the words, plural and what stands between words do not matter.
 * Category   what kind of thing it is: an anatomical structure, a tissue, something morphologically abnormal; type: which
 *            one; modifiers: its side.
 * Unknown    names are tissue, which is true of nearly all that a network marks in a body, and are told as not known.
 * Source     PS3.16 CID 7150 (categories), 7151 (types), 244 (sides) and others, as pydicom 3.0.2 has them:
 *            `fixtures-segmentations/check-structures.py` compares. Myocardium, which they lack, is SNOMED's own.
 */

import type { Code } from "./segmentation.ts";

/** What a segment is. */
export interface StructureCodes {
  readonly category: Code;
  readonly type: Code;
  /** Such as left, right; none for most. */
  readonly modifiers: readonly Code[];
}

export interface NamedStructure extends StructureCodes {
  /** False where no code of its own was found: category and type then say no more than tissue. */
  readonly isKnown: boolean;
}

/** @param name Of a label. @example structureOf("left_lung").modifiers[0].meaning // "Left" */
export function structureOf(name: string): NamedStructure {
  const words = wordsOf(name);
  const whole = structures.get(keyOf(words));
  if (whole) return { ...whole, modifiers: [], isKnown: true };
  const sides = words.filter((word) => sideCodes.has(word));
  const other = structures.get(keyOf(words.filter((word) => !sideCodes.has(word))));
  if (other && sides.length === 1) return { ...other, modifiers: [sideCodes.get(sides[0]!)!], isKnown: true };
  return { category: tissue, type: tissue, modifiers: [], isKnown: false };
}

/** In lower case, one thing of each, in American spelling. */
function wordsOf(name: string): string[] {
  const apart = name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase();
  return (apart.match(/[\p{L}\p{N}]+/gu) ?? []).map((word) =>
    word
      .replace(/ies$/, "y")
      .replace(/([^suia])s$/, "$1")
      .replace(/mour$/, "mor")
      .replace(/^oe(sophag|dema)/, "e$1"),
  );
}

function keyOf(words: readonly string[]): string {
  return words.toSorted().join(" ");
}

function sct(value: string, meaning: string): Code {
  return { scheme: "SCT", value, meaning };
}

const tissue = sct("85756007", "Tissue");
const anatomy = sct("91723000", "Anatomical Structure");
const abnormal = sct("49755003", "Morphologically Abnormal Structure");

const sideCodes: ReadonlyMap<string, Code> = new Map([
  ["left", sct("7771000", "Left")],
  ["l", sct("7771000", "Left")],
  ["right", sct("24028007", "Right")],
  ["r", sct("24028007", "Right")],
  ["both", sct("51440002", "Bilateral")],
  ["bilateral", sct("51440002", "Bilateral")],
]);

/** The types of a category: meaning, code, and what else people call it. */
type Types = readonly (readonly [meaning: string, value: string, ...names: string[]])[];

const anatomicalTypes: Types = [
  ["Adrenal gland", "23451007", "adrenal"],
  ["Aorta", "15825003", "arota"],
  ["Aortic arch", "57034009"],
  ["Ascending aorta", "54247002", "aorta ascending"],
  ["Bladder", "89837001", "urinary bladder"],
  ["Blood Vessel", "59820001", "vessel", "retinal vessel", "vessel of retina", "vasculature"],
  ["Bone", "272673000"],
  ["Brain", "12738006"],
  ["Breast", "76752008"],
  ["Cerebellum", "113305005"],
  ["Clavicle", "51299004", "collarbone"],
  ["Colon", "71854001"],
  ["Descending aorta", "281130003"],
  ["Diaphragm", "5798000"],
  ["Duodenum", "38848004"],
  ["Esophagus", "32849002"],
  ["Femur", "71341001"],
  ["Fovea centralis", "67046006", "fovea"],
  ["Gallbladder", "28231008", "gall bladder"],
  ["Heart", "80891009", "cardiac silhouette"],
  ["Hepatic vein", "8993003"],
  ["Hippocampus", "5366008"],
  ["Humerus", "85050009"],
  ["Inferior vena cava", "64131007", "postcava", "ivc"],
  ["Kidney", "64033007"],
  ["Large intestine", "14742008", "large bowel"],
  ["Left atrium", "82471001", "la"],
  [
    "Left ventricle",
    "87878005",
    "lv",
    "left ventricle cavity",
    "left ventricular cavity",
    "left ventricle blood cavity",
  ],
  ["Liver", "10200004"],
  ["Lower lobe of lung", "90572001", "lower lobe", "lung lower lobe"],
  ["Lung", "39607008"],
  ["Lymph Node", "59441001"],
  ["Mandible", "91609006"],
  ["Mediastinum", "72410000"],
  ["Middle lobe of right lung", "72481006", "right middle lobe", "right lung middle lobe"],
  ["Myocardium", "74281007", "left ventricular myocardium", "left ventricle myocardium", "myo"],
  ["Optic nerve head", "81016008", "optic disc", "optic disk"],
  ["Pancreas", "15776009"],
  ["Peripheral zone of the prostate", "279706003", "pz", "peripheral zone", "prostate peripheral zone"],
  ["Portal vein", "32764006"],
  ["Prostate", "41216001"],
  ["Pulmonary artery", "81040000"],
  ["Rectum", "34402009"],
  ["Retina", "5665001"],
  ["Rib", "113197003"],
  ["Right atrium", "73829009", "ra"],
  [
    "Right ventricle",
    "53085002",
    "rv",
    "right ventricle cavity",
    "right ventricular cavity",
    "right ventricle blood cavity",
  ],
  ["Scapula", "79601000"],
  ["Skull", "89546000"],
  ["Small intestine", "30315005", "small bowel"],
  ["Spinal cord", "2748008"],
  ["Spleen", "78961009"],
  ["Splenic vein", "35819009"],
  ["Sternum", "56873002"],
  ["Stomach", "69695003"],
  ["Superior vena cava", "48345005", "svc"],
  ["Thyroid", "69748006", "thyroid gland"],
  ["Trachea", "44567001"],
  ["Transition zone of the prostate", "399384005", "tz", "transition zone", "prostate transition zone"],
  ["Upper lobe of lung", "45653009", "upper lobe", "lung upper lobe"],
  ["Uterus", "35039007"],
  ["Vertebra", "51282000", "vertebrae"],
];

const tissueTypes: Types = [
  ["Tissue", "85756007"],
  ["Fat", "55603005"],
  ["Muscle", "91727004"],
  ["Skin", "39937001"],
];

const abnormalTypes: Types = [
  ["Edema", "79654002"],
  ["Hemorrhage", "50960005"],
  ["Lesion", "52988006"],
  ["Mass", "4147007", "masses"],
  ["Necrosis", "6574001"],
  ["Neoplasm", "108369006", ...tumorNames()],
  ["Nodule", "27925004", "lung nodule", "pulmonary nodule"],
];

/** Of what organ is for the label's name to say: DICOM has no type of its own for most. */
function tumorNames(): string[] {
  const organs = ["liver", "kidney", "pancreas", "lung", "colon", "brain", "breast"];
  const named = organs.flatMap((organ) => [`${organ} tumor`, `${organ} cancer`]);
  return ["tumor", "cancer", "enhancing tumor", "non enhancing tumor", "colon cancer primary", ...named];
}

const structures: ReadonlyMap<string, Pick<StructureCodes, "category" | "type">> = new Map(
  (
    [
      [anatomy, anatomicalTypes],
      [tissue, tissueTypes],
      [abnormal, abnormalTypes],
    ] as const
  ).flatMap(([category, types]) =>
    types.flatMap(([meaning, value, ...names]) =>
      [meaning, ...names].map((name) => [keyOf(wordsOf(name)), { category, type: sct(value, meaning) }] as const),
    ),
  ),
);
