import assert from "node:assert/strict";
import { test } from "node:test";
import { structureOf } from "./structures.ts";

// Codes are compared with DICOM's by fixtures-segmentations/check-structures.py.
const wordOf = (name: string) => {
  const { type, modifiers, isKnown } = structureOf(name);
  return isKnown ? [...modifiers, type].map(({ meaning }) => meaning).join(" ") : undefined;
};

test("names of our data sets' labels have codes of their own", () => {
  const names = {
    ...{
      lungs: "Lung",
      "left lung": "Left Lung",
      heart: "Heart",
      "right clavicle": "Right Clavicle",
      vessels: "Blood Vessel",
    },
    ...{ "right ventricle": "Right ventricle", myocardium: "Myocardium", "left ventricle": "Left ventricle" },
    ...{ "left ventricular myocardium": "Myocardium", "left atrium": "Left atrium", "right atrium": "Right atrium" },
    ...{
      "ascending aorta": "Ascending aorta",
      "pulmonary artery": "Pulmonary artery",
      liver: "Liver",
      tumor: "Neoplasm",
    },
    ...{ spleen: "Spleen", "right kidney": "Right Kidney", gallbladder: "Gallbladder", esophagus: "Esophagus" },
    ...{ stomach: "Stomach", arota: "Aorta", postcava: "Inferior vena cava", pancreas: "Pancreas" },
    ...{ "left adrenal gland": "Left Adrenal gland", duodenum: "Duodenum", bladder: "Bladder", cancer: "Neoplasm" },
    ...{ edema: "Edema", "non-enhancing tumor": "Neoplasm", "enhancing tumour": "Neoplasm" },
  };
  for (const [name, meaning] of Object.entries(names)) assert.equal(wordOf(name), meaning, name);
});

test("case, order, plural and what stands between words do not matter", () => {
  for (const name of ["Left_Kidney", "kidney-left", "leftKidney", "KIDNEY (LEFT)", "kidneys, left", "kidney_l"]) {
    assert.equal(wordOf(name), "Left Kidney", name);
  }
  assert.equal(wordOf("Pulmonary_Arteries"), "Pulmonary artery");
  assert.equal(wordOf("oesophagus"), "Esophagus");
  assert.equal(wordOf("right and left lung"), undefined);
  assert.equal(wordOf("both lungs"), "Bilateral Lung");
});

test("what nobody knows is tissue, and is told", () => {
  for (const name of ["prostate/uterus", "whole", "Struktur 7", ""]) {
    const { category, type, modifiers, isKnown } = structureOf(name);
    assert.deepEqual([category.value, type.value, modifiers, isKnown], ["85756007", "85756007", [], false], name);
  }
});
