/**
 * `dataset.json`, the description that folders of the Medical Segmentation Decathlon and of nnU-Net carry.
 *
 * Labels    MSD and nnU-Net 1 write value to name, `{"1": "liver"}`; nnU-Net 2 writes name to value, `{"liver": 1}`, or
 *           name to the values of a region, `{"kidney": [1, 2], "tumor": 2}`. Masks hold one value a voxel all the same,
 *           so a value is called after the smallest region that it is in, and values of one such region are one label.
 * Channels  `modality` or `channel_names`, by their numbers.
 * Damaged   a file that is missing or no JSON describes nothing; `problem` says which.
 * Errors    `ERR_LAYOUT_TASKS` for a folder of several such folders: label 1 is another organ in each.
 * Source    https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md
 */

import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import type { FileLabel } from "../label-rule.ts";
import type { Modality } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

export interface DatasetDescription {
  readonly name: string | undefined;
  /** Without the background. */
  readonly labels: readonly FileLabel[] | undefined;
  readonly channels: readonly string[];
  /** Numbers of training and test cases, where they are told. */
  readonly numTraining: number | undefined;
  readonly numTest: number | undefined;
  readonly problem: string | undefined;
}

export function readDescription(folder: SourceFolder): DatasetDescription {
  let json: Readonly<Record<string, unknown>> | undefined;
  let problem: string | undefined;
  try {
    json = recordOf(JSON.parse(readFileSync(folder.at("dataset.json"), "utf8")));
    if (json === undefined) problem = "dataset.json describes nothing";
  } catch (error) {
    problem = folder.has("dataset.json") ? `dataset.json cannot be read (${error})` : "no dataset.json";
  }
  const labels = labelsOf(recordOf(json?.["labels"]) ?? {});
  return {
    name: typeof json?.["name"] === "string" ? json["name"] : undefined,
    labels: labels.length > 0 ? labels : undefined,
    channels: Object.values(recordOf(json?.["modality"] ?? json?.["channel_names"]) ?? {}).map(String),
    numTraining: countOf(json?.["numTraining"]),
    numTest: countOf(json?.["numTest"]),
    problem,
  };
}

/** The folder itself, or the `Task03_Liver` and `Dataset003_Liver` in it: those with training images. */
export function describedFolders(folder: SourceFolder): SourceFolder[] {
  const named = folder.names().filter((name) => /^(?:Task|Dataset)\d+_/.test(name));
  const candidates = folder.has("imagesTr") ? [folder] : named.map((name) => folder.below(name));
  return candidates.filter((candidate) => candidate.names("imagesTr").length > 0);
}

/** @throws {MedsslError} `ERR_LAYOUT_TASKS` */
export function describedFolder(folder: SourceFolder): SourceFolder {
  const found = describedFolders(folder);
  if (found.length === 1) return found[0]!;
  throw new MedsslError("ERR_LAYOUT_TASKS", `${folder.root}: expected one folder with imagesTr, got ${found.length}`, {
    hint: "Each has labels of its own: ingest one at a time, each into a store of its own.",
  });
}

/** What kind of picture a channel of this name is. */
export function modalityOfChannel(name = ""): Modality {
  if (/^ct/i.test(name)) return "ct";
  if (/^(?:mr|t1|t2|flair|adc|dwi|pd|swi|dce|hbv|cine|lge|bssfp)/i.test(name)) return "mr";
  return /^(?:x-?ray|cxr)/i.test(name) ? "xray" : "other";
}

function labelsOf(labels: Readonly<Record<string, unknown>>): FileLabel[] {
  const regions = Object.entries(labels).map(([key, value]) =>
    typeof value === "string"
      ? { name: value, values: [Number(key)] }
      : { name: key, values: [value].flat().map(Number) },
  );
  const values = [...new Set(regions.flatMap((region) => region.values))].filter((value) => value > 0);
  const smallestFirst = regions.toSorted((a, b) => a.values.length - b.values.length);
  const byName = Map.groupBy(
    values.sort((a, b) => a - b),
    (value) => smallestFirst.find((region) => region.values.includes(value))!.name,
  );
  return [...byName].map(([name, [fileValue, ...aliases]], i) => ({
    value: i + 1,
    name,
    fileValue: fileValue!,
    ...(aliases.length > 0 ? { aliases } : {}),
  }));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
