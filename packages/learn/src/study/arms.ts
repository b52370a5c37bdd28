/**
 * The arms of a study: how a network starts, and which network it is.
 *
 *     unet, auto-unet          a baseline: a convolutional network, trained with labels alone
 *     scratch                  the study's network from random weights
 *     mim, mim+acl, simclr...  its encoder pre-trained by that method, once for all cells
 *     imported:NAME            its encoder from a file of weights, such as an ImageNet-MAE; or weights=PATH, whose name is the file's
 *     ...@HEAD                 with another head than the study's
 *     semi:...                 learning by consistency from the training patients whose labels are not used as well; with all labels
 *                              from the labelled images themselves
 *
 * Heads    are those of the fine-tuning recipe; one whose name ends in `unet` is a baseline.
 * Errors   `ERR_ARM`
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
  type FinetuneRecipe,
  finetuneSchema,
  MedsslError,
  type PretrainMethod,
  pretrainMethods,
} from "@medssl/contract";

export type Head = FinetuneRecipe["head"];

const heads: readonly Head[] = finetuneSchema.shape.head.unwrap().options;
const isBaseline = (head: Head): boolean => head.endsWith("unet");
const baselines = heads.filter(isBaseline);
/** Heads on a ViT: what a study may have for its own. */
export const studyHeads: readonly Head[] = heads.filter((head) => !isBaseline(head));

export interface StudyArm {
  readonly id: string;
  readonly head: Head;
  /** The pre-training that the encoder comes from; undefined for random or imported weights. */
  readonly method: PretrainMethod | undefined;
  /** Whether unlabelled images take part in fine-tuning. */
  readonly isSemi: boolean;
  /** File of imported weights. */
  readonly weights: string | undefined;
}

/** Files of weights by the names that arms call them by. */
export type ImportedWeights = Readonly<Record<string, string>>;

/** @throws {MedsslError} `ERR_ARM` */
export function parseArm(text: string, studyHead: Head, imported: ImportedWeights = {}): StudyArm {
  if (!text.startsWith(SEMI)) return parsePlainArm(text, studyHead, imported);
  const plain = parsePlainArm(text.slice(SEMI.length), studyHead, imported);
  return { ...plain, id: `${SEMI}${plain.id}`, isSemi: true };
}

const SEMI = "semi:";

function parsePlainArm(text: string, studyHead: Head, imported: ImportedWeights): StudyArm {
  const [, start = "", variant] = /^(.*?)(?:@([^@/]*))?$/s.exec(text) ?? [];
  const head = heads.find((one) => one === variant);
  if (variant !== undefined && (head === undefined || isBaseline(head))) throw unknownArm(text);
  const baseline = baselines.find((one) => one === start);
  if (baseline !== undefined) {
    if (variant !== undefined) throw unknownArm(text);
    return { id: text, head: baseline, method: undefined, weights: undefined, isSemi: false };
  }
  const arm = { id: text, head: head ?? studyHead, method: undefined, weights: undefined, isSemi: false };
  if (start === "scratch") return arm;
  const method = pretrainMethods.find((one) => one === start);
  if (method !== undefined) return { ...arm, method };
  const file = importedFile(text, start, imported);
  return { ...arm, ...file, id: variant === undefined ? file.id : `${file.id}@${variant}` };
}

/** @throws {MedsslError} `ERR_ARM` for an arm that is none, or two that are one. */
export function parseArms(texts: readonly string[], studyHead: Head, imported: ImportedWeights = {}): StudyArm[] {
  const arms = texts.map((text) => parseArm(text, studyHead, imported));
  const folders = new Map<string, StudyArm>();
  for (const arm of arms) {
    const other = folders.get(armFolder(arm.id));
    if (other !== undefined) {
      throw new MedsslError(
        "ERR_ARM",
        `The arms "${other.id}" and "${arm.id}" would share the folders of their runs.`,
        {
          hint: "Name each arm once, and files of weights by names that differ: --weights NAME=PATH and imported:NAME.",
        },
      );
    }
    folders.set(armFolder(arm.id), arm);
  }
  return arms;
}

/** The arm as part of a folder's name, on every system. */
export const armFolder = (id: string): string => id.replace(/[^\w@+.-]/g, "-");

function importedFile(text: string, start: string, imported: ImportedWeights): { id: string; weights: string } {
  const [, path] = /^weights=(.+)$/s.exec(start) ?? [];
  const [, name] = /^imported:([\w.-]+)$/.exec(start) ?? [];
  const given = path ?? (name === undefined ? undefined : imported[name]);
  if (name !== undefined && given === undefined) {
    throw new MedsslError("ERR_ARM", `The arm "${text}" names weights that were not given.`, {
      hint: `Say which file it is: --weights ${name}=PATH, or the arm weights=PATH.`,
    });
  }
  if (given === undefined) throw unknownArm(text);
  if (!existsSync(given)) {
    throw new MedsslError("ERR_ARM", `The arm "${text}": ${given} is not there.`, {
      hint: "Give a file of weights (.pth, .safetensors) or the folder of a pre-training run.",
    });
  }
  const ownName = basename(given)
    .replace(/\.(pth|pt|bin|safetensors)$/, "")
    .replace(/[^\w.-]/g, "-");
  return { id: `imported:${name ?? ownName}`, weights: given };
}

function unknownArm(text: string): MedsslError {
  return new MedsslError("ERR_ARM", `Unknown arm "${text}".`, {
    hint:
      `Arms are ${[...baselines, "scratch", ...pretrainMethods].join(", ")}, imported:NAME with --weights NAME=PATH, or weights=PATH; semi: in front of one lets unlabelled images take part; ` +
      `scratch@${studyHeads.at(-1)} names another head than the study's: ${studyHeads.join(", ")}.`,
  });
}
