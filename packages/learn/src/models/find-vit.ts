/**
 * A ViT among named tensors: MAE's, DINO's, DINOv2's, DeiT's, timm's, Hugging Face's or ours, in timm's names and with
 * nothing else.
 *
 * Where     behind any prefix ("model.", "teacher.backbone.", "module."): wherever a `patch_embed.proj.weight` is. Of
 *           several, a teacher's or a moving average's comes first, then the one with the shortest prefix.
 * Shape     is read off the tensors. The number of heads cannot be: it is given, or in the file's metadata, or the width
 *           by 64, as in every published ViT but those in `headsOfWidth`.
 * Prefix    a distilled DeiT's second token becomes a register: it is one. Tokens without a position get zeros.
 * Left out  what lies behind the encoder (heads, decoders, `fc_norm`, mask tokens). Parts of an encoder that the ViT here
 *           has not (other activations, relative positions, norms in other places) are refused: without them the features
 *           would be others.
 * Errors    MedsslError ERR_WEIGHTS
 */
import { MedsslError, type ViTConfig } from "@medssl/contract";
import { cat, ones, scope, type Tensor, zeros } from "@medssl/torch";
import { sinCosPositions } from "../nn/positions.ts";
import { withTimmNames } from "./hugging-face-names.ts";
import type { ViT } from "./vit.ts";

export interface FoundViT {
  /** What stood in front of the names in the file. */
  readonly prefix: string;
  /** Prefixes of other ViTs in the file. */
  readonly otherPrefixes: readonly string[];
  readonly config: ViTConfig;
  readonly channels: number;
  /** Patches in height and width. */
  readonly gridSize: readonly [number, number];
  /** float32, by timm's names; positions have a row for every token. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names in the file that are no part of it. */
  readonly leftOut: readonly string[];
  /** What was taken for what, for a person. */
  readonly notes: readonly string[];
}

export interface FindOptions {
  /** For the error. */
  readonly source: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the ViT that is meant, when a file has several. */
  readonly prefix?: string | undefined;
  readonly numHeads?: number | undefined;
}

const PATCHES = "patch_embed.proj.weight";
/** Metadata with what a file of weights alone does not tell. */
const METADATA = "medssl.vit";
/** Published ViTs whose heads are not 64 wide: So400m, H, g, G. */
const headsOfWidth: Readonly<Record<number, number>> = { 1152: 16, 1280: 16, 1408: 16, 1664: 16 };
/** Parts of encoders; those among them that the ViT here has not change what it computes. */
const ENCODER = /^(blocks|patch_embed|norm_pre|pos_embed|rel_pos|rope|freqs)/;
const OWN =
  /^(blocks\.\d+\.(norm[12]|attn\.qkv|attn\.proj|mlp\.fc[12]|ls[12])|patch_embed\.proj|pos_embed)(\.weight|\.bias|\.gamma)?$/;

/** Metadata for a file of a ViT's weights: what they do not tell by themselves. */
export function vitMetadata({ options: { numHeads, positions }, gridSize }: ViT): Record<string, string> {
  return { [METADATA]: JSON.stringify({ numHeads, positions, gridSize }) };
}

/** The tensors that it makes live in the surrounding scope. */
export function findViT(named: ReadonlyMap<string, Tensor>, options: FindOptions): FoundViT {
  const weights = withTimmNames(named);
  const refuse = (reason: string, hint: string): never => {
    throw new MedsslError("ERR_WEIGHTS", `${options.source}: ${printable(reason)}`, { hint: printable(hint) });
  };
  const [prefix, ...otherPrefixes] = prefixesOf(weights, options, refuse);
  const given = new Map<string, Tensor>();
  const fileNames = new Map<string, string>();
  for (const [fileName, tensor] of weights) {
    if (!fileName.startsWith(prefix!)) continue;
    const name = timmName(fileName.slice(prefix!.length));
    given.set(name, tensor);
    fileNames.set(name, fileName);
  }
  const fileNameOf = (name: string) => fileNames.get(name) ?? prefix + name;
  const known = knownShape(options.metadata);
  const kernel = given.get(PATCHES)!;
  const [embedDim, channels, patchSize, patchWidth] = kernel.shape as [number, number, number, number];
  if (kernel.rank !== 4 || patchSize !== patchWidth) {
    refuse(`${PATCHES} is [${kernel.shape.join(", ")}], expected [width, channels, p, p]`, "Only square 2-D patches.");
  }
  const foreign = [...given.keys()].find((name) => ENCODER.test(name) && !OWN.test(name));
  if (foreign !== undefined) {
    const what = `${fileNameOf(foreign)} is no part of the ViT here, and the features need it`;
    refuse(what, "docs/weights.md lists what can be read.");
  }
  const notes: string[] = [];
  const tensors = new Map<string, Tensor>();
  /** Takes a tensor of that shape over; without one, what `substitute` makes. */
  const take = (name: string, shape: readonly number[], substitute?: () => Tensor) => {
    const tensor = given.get(name) ?? substitute?.();
    if (tensor === undefined) return refuse(`it has no ${fileNameOf(name)}`, "Is it a ViT's checkpoint, and whole?");
    if (tensor.shape.join() !== shape.join()) {
      const got = `[${tensor.shape.join(", ")}], expected [${shape.join(", ")}]`;
      return refuse(`${fileNameOf(name)} is ${got}`, "The ViT here has no such layers.");
    }
    tensors.set(name, tensor.to({ dtype: "float32" }));
  };
  const takeLayer = (name: string, outDim: number, ...rest: number[]) => {
    take(`${name}.weight`, [outDim, ...rest]);
    take(`${name}.bias`, [outDim], () => zeros([outDim]));
  };

  const numRegisters = given.get("reg_token")?.shape[1] ?? 0;
  const hasClassToken = given.has("cls_token");
  if (hasClassToken) take("cls_token", [1, 1, embedDim]);
  if (numRegisters > 0) take("reg_token", [1, numRegisters, embedDim]);
  takeLayer("patch_embed.proj", embedDim, channels, patchSize, patchSize);
  const numbers = [...given.keys()].map((name) => Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1));
  const depth = numbers.reduce((most, number) => Math.max(most, number + 1), 0);
  if (depth === 0) refuse(`it has no ${prefix}blocks.0`, "Is it a ViT's checkpoint, and whole?");
  const hiddenDim = given.get("blocks.0.mlp.fc1.weight")?.shape[0] ?? 4 * embedDim;
  const hasLayerScale = [...given.keys()].some((name) => name.endsWith(".ls1.gamma"));
  for (let i = 0; i < depth; i++) {
    takeLayer(`blocks.${i}.norm1`, embedDim);
    takeLayer(`blocks.${i}.attn.qkv`, 3 * embedDim, embedDim);
    takeLayer(`blocks.${i}.attn.proj`, embedDim, embedDim);
    if (hasLayerScale) take(`blocks.${i}.ls1.gamma`, [embedDim]);
    takeLayer(`blocks.${i}.norm2`, embedDim);
    takeLayer(`blocks.${i}.mlp.fc1`, hiddenDim, embedDim);
    takeLayer(`blocks.${i}.mlp.fc2`, embedDim, hiddenDim);
    if (hasLayerScale) take(`blocks.${i}.ls2.gamma`, [embedDim]);
  }
  if (!given.has("norm.weight")) notes.push("It has no final norm: a new one.");
  take("norm.weight", [embedDim], () => ones([embedDim]));
  take("norm.bias", [embedDim], () => zeros([embedDim]));

  const places = given.get("pos_embed") ?? refuse("it has no pos_embed", "ViTs with other positions are not read.");
  if (places.rank !== 3 || places.size(0) !== 1 || places.size(2) !== embedDim) {
    refuse(`pos_embed is [${places.shape.join(", ")}], expected [1, tokens, ${embedDim}]`, "Is it a ViT's?");
  }
  const counts = { numClassTokens: hasClassToken ? 1 : 0, numRegisters };
  const { gridSize, positions } = rowForEveryToken(places.to({ dtype: "float32" }), counts, known.gridSize, refuse);
  tensors.set("pos_embed", positions);
  const isFixed = isSinCos(positions.slice(1, counts.numClassTokens + numRegisters), gridSize, embedDim);

  const taken = new Set([...tensors.keys()].map(fileNameOf));
  return {
    prefix: prefix!,
    otherPrefixes,
    config: {
      patchSize,
      embedDim,
      depth,
      numHeads: options.numHeads ?? known.numHeads ?? headsOf(embedDim, refuse),
      mlpRatio: hiddenDim / embedDim,
      positions: known.positions ?? (isFixed ? "sincos" : "learned"),
      hasClassToken,
      numRegisters,
      hasLayerScale,
    },
    channels,
    gridSize,
    tensors,
    leftOut: [...weights.keys()].filter((name) => !taken.has(name)),
    notes,
  };
}

/** Names in an error are the file's: they must not steer a terminal, nor fill it. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, "?").slice(0, 500);

type Refuse = (reason: string, hint: string) => never;

const rank = (prefix: string) => (/(^|[._])(teacher|ema|target)/.test(prefix) ? 0 : /student/.test(prefix) ? 2 : 1);

/** Of all ViTs in the file, the wanted one first. */
function prefixesOf(weights: ReadonlyMap<string, Tensor>, { prefix }: FindOptions, refuse: Refuse): string[] {
  const found = [...weights.keys()]
    .filter((name) => name.endsWith(PATCHES))
    .map((name) => name.slice(0, -PATCHES.length))
    .sort((a, b) => rank(a) - rank(b) || a.length - b.length);
  if (found.length === 0) {
    const names = [...weights.keys()].slice(0, 3).join(", ");
    refuse(
      `no ViT among its ${weights.size} tensors: none is called ${PATCHES}${names === "" ? "" : `, but ${names}, ...`}`,
      "Take the checkpoint of the model's authors, or timm's; docs/weights.md lists what can be read.",
    );
  }
  if (prefix !== undefined) {
    const wanted = prefix === "" || prefix.endsWith(".") ? prefix : `${prefix}.`;
    if (!found.includes(wanted)) {
      refuse(`it has no ViT in "${prefix}"`, `It has one in ${found.map((name) => `"${name}"`).join(" and in ")}.`);
    }
    return [wanted, ...found.filter((name) => name !== wanted)];
  }
  return found;
}

/** Spellings of the same. */
function timmName(name: string): string {
  return name
    .replace(/^blocks\.\d+\.(\d+)\./, "blocks.$1.") // DINOv2's blocks, in chunks for training
    .replace(/\.gamma_(\d)$/, ".ls$1.gamma") // DeiT III
    .replace(/^(register_tokens|dist_token)$/, "reg_token"); // DINOv2; DeiT
}

function headsOf(embedDim: number, refuse: Refuse): number {
  const heads = headsOfWidth[embedDim] ?? embedDim / 64;
  return Number.isInteger(heads)
    ? heads
    : refuse(
        `the number of heads cannot be read off a width of ${embedDim}`,
        "Give it: medssl weights FILE --heads N --to OUT.",
      );
}

/**
 * Positions of class token, registers and patches, in this order. In a file all of them have a row, or class token and
 * patches, or the patches alone: the one of the three that leaves a grid.
 */
function rowForEveryToken(
  given: Tensor,
  { numClassTokens, numRegisters }: { numClassTokens: number; numRegisters: number },
  known: readonly [number, number] | undefined,
  refuse: Refuse,
): { gridSize: readonly [number, number]; positions: Tensor } {
  const numPrefixTokens = numClassTokens + numRegisters;
  for (const numPositioned of [numPrefixTokens, numClassTokens, 0]) {
    const count = given.size(1) - numPositioned;
    const side = Math.round(Math.sqrt(count));
    const gridSize = known ?? ([side, side] as const);
    if (count <= 0 || gridSize[0] * gridSize[1] !== count) continue;
    const bare = zeros([1, numPrefixTokens - numPositioned, given.size(2)]);
    return { gridSize, positions: cat([given.slice(1, 0, numPositioned), bare, given.slice(1, numPositioned)], 1) };
  }
  return refuse(
    `pos_embed has ${given.size(1)} rows, which is no square of patches with ${numClassTokens} class tokens and ${numRegisters} registers`,
    "Positions of a grid that is not square need its size in the metadata; `medssl weights --to` writes it.",
  );
}

function isSinCos(patchRows: Tensor, gridSize: readonly [number, number], embedDim: number): boolean {
  if (embedDim % 4 !== 0) return false;
  return scope(() => patchRows.sub(sinCosPositions(gridSize, embedDim)).abs().amax().item() < 1e-3);
}

interface KnownShape {
  numHeads?: number;
  positions?: ViTConfig["positions"];
  gridSize?: readonly [number, number];
}

/** What our metadata says, as far as it can be understood. */
function knownShape(metadata: Readonly<Record<string, string>> = {}): KnownShape {
  try {
    const { numHeads, positions, gridSize } = JSON.parse(metadata[METADATA] ?? "{}");
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
    return {
      ...(isCount(numHeads) && { numHeads }),
      ...((positions === "sincos" || positions === "learned") && { positions }),
      ...(Array.isArray(gridSize) &&
        gridSize.length === 2 &&
        gridSize.every(isCount) && { gridSize: [gridSize[0], gridSize[1]] }),
    };
  } catch {
    return {};
  }
}
