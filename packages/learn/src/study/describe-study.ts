import { cpus, totalmem } from "node:os";
import { join, relative } from "node:path";
import type { Study, StudyCell, StudyPretraining } from "@medssl/contract";
import type { Split, Store } from "@medssl/datasets";
import { buildInfo, numThreads } from "@medssl/torch";
import type { StudyOptions } from "./study-options.ts";

/** Width and height of most images, in pixels. */
function sizeOf({ info }: Store): readonly [number, number] {
  const kinds = Object.entries(info.statistics).sort(([, a], [, b]) => b.cases - a.cases);
  const { width, height } = info.recipes[kinds[0]![0] as keyof typeof info.recipes];
  return [width, height];
}

/** All that the report tells: settings, data, machine, and the cells that are finished. */
export function describeStudy(
  options: StudyOptions,
  split: Split,
  plannedCells: number,
  pretraining: readonly StudyPretraining[],
  cells: readonly StudyCell[],
  { notes, failures }: Required<Pick<Study, "notes" | "failures">>,
): Study {
  const { labeled, unlabeled, title, command, arms, fractions, draws, head, omitted, dir } = options;
  const [train, test] = [new Set(split.train), new Set(split.test)];
  const masked = labeled.flatMap((store) => store.cases).filter(({ hasMask }) => hasMask);
  const describe = (store: Store, role: "labeled" | "unlabeled") => ({
    name: store.name,
    role,
    images: store.cases.length,
    patients: new Set(store.cases.map(({ patient }) => patient)).size,
    size: sizeOf(store),
    labels: store.info.labels.map(({ name }) => name),
  });
  return {
    version: 1,
    title,
    createdAt: new Date().toISOString(),
    command,
    machine: {
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      threads: numThreads(),
      "memory GiB": Math.round(totalmem() / 2 ** 30),
      device: options.device,
      node: process.versions.node,
      libtorch: buildInfo().torchVersion,
    },
    stores: [
      ...labeled.map((store) => describe(store, "labeled")),
      ...unlabeled.map((store) => describe(store, "unlabeled")),
    ],
    settings: { pretrain: options.pretrain, finetune: options.finetune },
    split: {
      file: relative(dir, join(dir, "split.json")),
      seed: split.seed,
      trainPatients: split.train.length,
      testPatients: split.test.length,
      trainImages: masked.filter(({ patient }) => train.has(patient)).length,
      testImages: masked.filter(({ patient }) => test.has(patient)).length,
    },
    head,
    arms,
    fractions,
    draws,
    omitted,
    pretraining,
    notes,
    failures,
    plannedCells,
    cells,
  };
}
