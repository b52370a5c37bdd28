/**
 * Which images to annotate next, so that few labels teach most.
 *
 * Cold     without a model: typical images of different kinds, by what the pre-trained encoder sees (choose.ts).
 * Warm     with fine-tuned models: those that they are unsure of and see differently (uncertainty.ts), again of different kinds.
 * Volumes  are suggested as a whole, with the slices to begin with; of a volume at most 16 slices are looked at.
 * Chance   only where clusters begin: the same stores, encoder and seed give the same answer.
 * Errors   `ERR_SUGGEST_COUNT` with more than there are, those of pool.ts and of the runs.
 */
import { existsSync, statSync } from "node:fs";
import { MedsslError, type RunListener } from "@medssl/contract";
import { openStore, Random, type Split, type Store } from "@medssl/datasets";
import { type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import { loadEncoder } from "../models/load-encoder.ts";
import { moveModule } from "../nn/module.ts";
import { type PretrainRun, readRun } from "../training/run-directory.ts";
import { choose, rows } from "./choose.ts";
import type { Vectors } from "./clusters.ts";
import { directions, imageVectors } from "./image-vectors.ts";
import { type Annotated, makePool, type Pool, type PoolItem } from "./pool.ts";
import { loadCommittee, type Uncertainty, uncertainties } from "./uncertainty.ts";

export interface SuggestOptions {
  /** Folder of a pre-training run, or file of weights. */
  readonly encoder: string;
  readonly stores: readonly Store[];
  readonly count: number;
  /** Folders of fine-tuning runs; without one it is a cold start. */
  readonly models?: readonly string[] | undefined;
  readonly split?: Split | undefined;
  /** @default "masks" */
  readonly annotated?: Annotated | undefined;
  /** @default 0 */
  readonly seed?: number | undefined;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface Suggestion {
  /** Of the image or the volume, in its store. */
  readonly id: string;
  readonly patient: string;
  readonly store: string;
  /** Where the store still knows it. A name of the user's own: it may tell who the patient is. */
  readonly file: string | undefined;
  /** Slices of a volume to begin with, counted from 0. */
  readonly slices: readonly number[];
  /** Typicality, or with models uncertainty, 0-1. */
  readonly score: number;
  readonly disagreement: number | undefined;
  /** Items of its kind that nobody has annotated. */
  readonly standsFor: number;
  /** In a sentence. */
  readonly reason: string;
  /** For pictures: positions in the set, of the item and of its nearest neighbours of the kind. */
  readonly shown: readonly number[];
}

export interface Suggestions {
  readonly suggestions: readonly Suggestion[];
  readonly set: ImageSet;
  /** Items that were chosen from, and those that are annotated. */
  readonly open: number;
  readonly annotated: number;
}

/** Slices of a volume that are suggested. */
const SLICES = 3;
/** Neighbours that are shown beside a suggestion. */
const SHOWN = 4;

/** @returns undefined when the signal came before all was looked at. */
export async function suggest(options: SuggestOptions): Promise<Suggestions | undefined> {
  const { encoder: source, stores, count, models = [], split, seed = 0, device, listen } = options;
  const encoder = loadEncoder(source, { imageSize: runOf(source)?.recipe.inputSize });
  moveModule(encoder.encoder, device);
  const committee = models.length > 0 ? loadCommittee(models, device) : undefined;
  const heldOutPatients = committee?.runs.flatMap((run) => run.heldOutPatients) ?? [];
  const learnedPatients = committee?.runs.flatMap((run) => run.patients) ?? [];
  const pool = makePool({ stores, split, heldOutPatients, learnedPatients, annotated: options.annotated });
  const { set, items } = pool;
  const open = items.filter(({ isAnnotated }) => !isAnnotated).length;
  requireEnough(count, open, pool, options.annotated);
  warnOfOtherKind(source, set, listen);
  if (pool.leftOut > 0) {
    const message = `${items.length} images and volumes, evenly spread over the stores, are looked at; ${pool.leftOut} more are left out`;
    listen({ type: "note", level: "info", message });
  }
  const seen = await imageVectors(encoder, set, [...set.cases.keys()], options);
  if (seen === undefined) return undefined;
  const unsure = committee && (await uncertainties(committee, set, [...set.cases.keys()], options));
  if (committee !== undefined && unsure === undefined) return undefined;

  const vectors = directions(meansOfItems(seen, items));
  const ofItem = unsure && items.map(({ positions }) => meanUncertainty(positions.map((i) => unsure[i]!)));
  const choices = choose(vectors, {
    count,
    groups: items.map(({ patient }) => patient),
    annotated: [...items.keys()].filter((i) => items[i]!.isAnnotated),
    uncertainty: ofItem?.map(({ total }) => total),
    random: new Random(seed),
  });
  const suggestions = choices.map(({ index, standsFor, typicality, annotatedBeside }): Suggestion => {
    const item = items[index]!;
    const slices = item.isVolume ? typicalSlices(seen, item, seed) : [];
    const doubt = ofItem?.[index];
    const first = (i: number) => items[i]!.positions[items[i]!.positions.length >> 1]!;
    return {
      id: item.id,
      patient: item.patient,
      store: item.store.dir,
      file: item.store.fileOf(set.cases[item.positions[0]!]!),
      slices: slices.map((position) => Number(set.cases[position]!.id.split("#")[1])),
      score: Number((doubt?.total ?? typicality).toFixed(4)),
      disagreement: doubt && Number(doubt.disagreement.toFixed(4)),
      standsFor: standsFor.length,
      reason: reasonOf(standsFor.length, annotatedBeside, doubt),
      shown: [first(index), ...standsFor.slice(1, 1 + SHOWN).map(first)],
    };
  });
  return { suggestions, set, open, annotated: items.length - open };
}

function reasonOf(kind: number, annotatedBeside: number, doubt: Uncertainty | undefined): string {
  const beside = annotatedBeside > 0 ? `; ${annotatedBeside} of its kind annotated` : "";
  const others = kind === 1 ? "the only one of its kind" : `stands for ${kind} alike`;
  if (doubt === undefined) return `typical: ${others}${beside}`;
  return `uncertain: ${doubt.total.toFixed(2)}, of which ${doubt.disagreement.toFixed(2)} disagreement; ${others}`;
}

function requireEnough(count: number, open: number, { items, heldOut }: Pool, annotated: Annotated = "masks"): void {
  if (count <= open) return;
  const done = items.length - open;
  const simulate = annotated === "masks" && done > 0 ? "--annotated none chooses among those with masks, too" : "";
  const fewer = open === 0 ? "" : `Ask for at most ${open}: --count ${open}`;
  throw new MedsslError(
    "ERR_SUGGEST_COUNT",
    `${count} were asked for, ${open} are there: ${done} are annotated already, ${heldOut} patients are held out.`,
    { hint: `${[fewer, simulate].filter((way) => way !== "").join("; ") || "Give a store with more images"}.` },
  );
}

/** What a folder is; a file of weights tells no more than its own size. */
function runOf(source: string): PretrainRun | undefined {
  if (existsSync(source) && statSync(source).isFile()) return undefined;
  const run = readRun(source);
  return run.stage === "pretrain" ? run : undefined;
}

/** An encoder of CT still tells X-rays apart somehow, so it is no error; but it is hardly meant. */
function warnOfOtherKind(source: string, set: ImageSet, listen: RunListener): void {
  const kinds = new Set(runOf(source)?.stores.flatMap(recipesOf));
  const own = set.kinds;
  if (kinds.size === 0 || own.some((kind) => kinds.has(kind))) return;
  const message = `the encoder was pre-trained on images of the kind ${[...kinds].join(", ")}, these are ${own.join(", ")}: what it finds typical may mean little`;
  listen({ type: "note", level: "warning", message });
}

/** Kinds of images in a store; none where it is gone. */
function recipesOf(dir: string): string[] {
  try {
    return Object.keys(openStore(dir).info.statistics);
  } catch (error) {
    if (error instanceof MedsslError) return [];
    throw error;
  }
}

function meansOfItems(vectors: Vectors, items: readonly PoolItem[]): Vectors {
  const { size } = vectors;
  const values = new Float32Array(items.length * size);
  for (const [i, { positions }] of items.entries()) {
    scope(() => {
      const some: Tensor = fromTypedArray(rows(vectors, positions).values, [positions.length, size]);
      values.set(some.mean(0).toTypedArray() as Float32Array, i * size);
    });
  }
  return { values, size };
}

function meanUncertainty(all: readonly Uncertainty[]): Uncertainty {
  const mean = (of: (one: Uncertainty) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length;
  return { total: mean(({ total }) => total), disagreement: mean(({ disagreement }) => disagreement) };
}

/** Typical slices of different kinds, from top to bottom. */
function typicalSlices(vectors: Vectors, { positions }: PoolItem, seed: number): number[] {
  const own = directions(rows(vectors, positions));
  const groups = positions.map(String);
  const choices = choose(own, {
    count: Math.min(SLICES, positions.length),
    groups,
    annotated: [],
    random: new Random(seed),
  });
  return choices.map(({ index }) => positions[index]!).sort((a, b) => a - b);
}
