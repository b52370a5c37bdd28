import { statSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import type { FoundViT } from "@medssl/learn";
import { Command, InvalidArgumentError } from "commander";
import { integerFrom } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";

interface Options {
  readonly to?: string;
  readonly size?: readonly [number, number];
  readonly patchSize?: number;
  readonly heads?: number;
  readonly part?: string;
  readonly tensors?: true;
  readonly json?: true;
}

export const weightsCommand = (): Command =>
  new Command("weights")
    .description(
      "Says what a file of weights holds: .safetensors, or PyTorch's .pth, .pt and .bin, of which nothing is executed." +
        " With --to, writes its ViT for grey images, with timm's names.",
    )
    .argument("<file>", "file of weights")
    .option("--to <file>", "writes the ViT here, as .safetensors")
    .option(
      "--size <pixels>",
      "with --to: input that positions are resized for, 224 or 224x320 (height x width)",
      imageSize,
    )
    .option("--patch-size <n>", "with --to: resizes the kernels of the patches", integerFrom(1, 1024))
    .option("--heads <n>", "attention heads, where the width does not tell them", integerFrom(1, 1024))
    .option("--part <name>", "the ViT that is meant, when a file has several: student.backbone")
    .option("--tensors", "lists every tensor")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl weights mae_pretrain_vit_base.pth\n" +
        "  medssl weights dinov2_vits14_pretrain.pth --to dinov2-16.safetensors --patch-size 16 --size 128\n" +
        "  medssl weights runs/cxr/encoder.safetensors --tensors",
    )
    .action(async (path: string, options: Options) => {
      // The folder of a run stands for its encoder.
      const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, "encoder.safetensors") : path;
      const { readWeights, scope } = await import("@medssl/torch");
      const { findViT, loadEncoder, saveEncoder } = await import("@medssl/learn");
      const { heads: numHeads, part: prefix, patchSize, size, to } = options;
      const held = scope(() => {
        const { format, tensors, metadata } = readWeights(file);
        const list = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
        const vit = vitOrReason(() => findViT(tensors, { source: file, metadata, numHeads, prefix }));
        return { file, format, metadata, tensors: list, ...vit };
      });
      const written =
        to === undefined ? undefined : loadEncoder(file, { numHeads, prefix, patchSize, imageSize: size });
      if (to !== undefined && written !== undefined) saveEncoder(to, written.encoder);
      if (options.json) {
        const result = written && {
          file: to,
          config: written.config,
          gridSize: written.encoder.gridSize,
          notes: written.notes,
        };
        printJson({ ...held, written: result });
        return;
      }
      printHeld(held, options.tensors ?? false);
      for (const note of written?.notes ?? []) console.log(note);
      if (to !== undefined) console.log(`Written: ${to}`);
    });

type Held = {
  readonly format: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly { name: string; dtype: string; shape: readonly number[] }[];
} & ReturnType<typeof vitOrReason>;

/** A file without a ViT still has tensors to tell of. */
function vitOrReason(find: () => FoundViT): { vit?: Omit<FoundViT, "tensors">; reason?: string } {
  try {
    const { tensors: _, ...vit } = find();
    return { vit };
  } catch (error) {
    if (!(error instanceof MedsslError)) throw error;
    return { reason: error.hint === undefined ? error.message : `${error.message}. ${error.hint}` };
  }
}

function printHeld({ format, metadata, tensors, vit, reason }: Held, areListed: boolean): void {
  const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const rows: [string, string][] = [
    ["format", format],
    ["tensors", `${tensors.length}, ${Number((values / 1e6).toPrecision(3))} M values`],
  ];
  if (vit !== undefined) rows.push(...vitRows(vit));
  rows.push(...Object.entries(metadata).slice(0, SHOWN_METADATA));
  printTable(
    ["what", "value"],
    rows.map((row) => row.map((cell) => shortened(printable(cell)))),
  );
  const more = Object.keys(metadata).length - SHOWN_METADATA;
  if (more > 0) console.log(`... and ${more} more texts and numbers (--json has all)`);
  if (reason !== undefined) console.log(`\nNo ViT to start from: ${reason}`);
  if (areListed) {
    console.log("");
    printTable(
      ["tensor", "type", "shape"],
      tensors.map(({ name, dtype, shape }) => [printable(name), dtype, `[${shape.join(", ")}]`]),
    );
  }
}

const SHOWN_METADATA = 20;

/** Texts of a file are anyone's: none of them may steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, " ");

function vitRows({ prefix, otherPrefixes, config, channels, gridSize, leftOut }: Omit<FoundViT, "tensors">) {
  const { patchSize, embedDim, depth, numHeads, mlpRatio, positions, hasClassToken, numRegisters, hasLayerScale } =
    config;
  const extras = [
    hasClassToken ? "class token" : "no class token",
    ...(numRegisters > 0 ? [`${numRegisters} registers`] : []),
    ...(hasLayerScale ? ["layer scale"] : []),
  ];
  const rows: [string, string][] = [
    ["ViT", `${depth} blocks, width ${embedDim}, ${numHeads} heads, hidden width ${Math.round(mlpRatio * embedDim)}`],
    ["patches", `${patchSize} pixels, ${gridSize.join("x")} of them, ${channels} channels`],
    ["tokens", `${extras.join(", ")}, ${positions === "sincos" ? "sine-cosine" : "learnt"} positions`],
    ["found in", prefix === "" ? "the file itself" : prefix],
  ];
  if (otherPrefixes.length > 0) rows.push(["others in", otherPrefixes.join(", ")]);
  if (leftOut.length > 0) rows.push(["left out", `${leftOut.length} tensors: ${groupsOf(leftOut).join(", ")}`]);
  return rows;
}

/** First words of names, each once: "decoder_blocks", "head". */
function groupsOf(names: readonly string[]): string[] {
  const groups = [...new Set(names.map((name) => name.split(".").slice(0, 2).join(".")))];
  return groups.length > 6 ? [...groups.slice(0, 6), "..."] : groups;
}

/** "224" or "224x320": height and width. */
function imageSize(text: string): readonly [number, number] {
  const [, height, width = height] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text) ?? [];
  if (height === undefined) throw new InvalidArgumentError("Expected pixels, such as 224 or 224x320.");
  return [Number(height), Number(width)];
}

/** Texts that authors saved along may be whole settings. */
const shortened = (text: string): string => (text.length > 100 ? `${text.slice(0, 99)}...` : text);
