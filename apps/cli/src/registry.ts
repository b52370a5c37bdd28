import type { Command } from "commander";

/** A command as the list of `medssl --help` shows it; its file is imported when it is called. */
export interface RegisteredCommand {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** In the order in which one uses them. */
export const commands: readonly RegisteredCommand[] = [
  {
    name: "doctor",
    summary: "what was found on this machine, and how to mend it",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
  {
    name: "phantom",
    summary: "phantoms with masks to try things on: lungs, cardiac, liver, vessels",
    load: async () => (await import("./commands/phantom.ts")).phantomCommand(),
  },
  {
    name: "deidentify",
    summary: "copies of DICOM files without what names their patients",
    load: async () => (await import("./commands/deidentify.ts")).deidentifyCommand(),
  },
  {
    name: "ingest",
    summary: "archives of medical images and masks into a store, decoded once",
    load: async () => (await import("./commands/ingest.ts")).ingestCommand(),
  },
  {
    name: "inspect",
    summary: "what stores contain, and what in them would make results wrong; also as a page",
    load: async () => (await import("./commands/inspect.ts")).inspectCommand(),
  },
  {
    name: "split",
    summary: "who is learned from and who is tested on, by patient, as a file",
    load: async () => (await import("./commands/split.ts")).splitCommand(),
  },
  {
    name: "pretrain",
    summary: "an encoder from unlabelled images",
    load: async () => (await import("./commands/pretrain.ts")).pretrainCommand(),
  },
  {
    name: "weights",
    summary: "what a file of weights holds; a ViT of MAE, DINO or timm, made ready for grey images",
    load: async () => (await import("./commands/weights.ts")).weightsCommand(),
  },
  {
    name: "plan",
    summary: "what the self-planning U-Net finds in labelled images, and plans",
    load: async () => (await import("./commands/plan.ts")).planCommand(),
  },
  {
    name: "finetune",
    summary: "a segmentation model from an encoder and few labels",
    load: async () => (await import("./commands/finetune.ts")).finetuneCommand(),
  },
  {
    name: "evaluate",
    summary: "Dice, HD95 and more of a network on held-out patients, or of two folders of masks",
    load: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  },
  {
    name: "predict",
    summary: "masks for new images",
    load: async () => (await import("./commands/predict.ts")).predictCommand(),
  },
  {
    name: "export",
    summary: "a trained network as ONNX that runs anywhere, with what it is and how good",
    load: async () => (await import("./commands/export.ts")).exportCommand(),
  },
  {
    name: "verify",
    summary: "whether an exported model is whole and gives the same here",
    load: async () => (await import("./commands/verify.ts")).verifyCommand(),
  },
  {
    name: "regions",
    summary: "the same place in other patients' images, by what pre-training learned",
    load: async () => (await import("./commands/regions.ts")).regionsCommand(),
  },
  {
    name: "suggest",
    summary: "which images to annotate next, so that few labels teach most",
    load: async () => (await import("./commands/suggest.ts")).suggestCommand(),
  },
  {
    name: "study",
    summary: "arms x label fractions x draws, with tables, figures and a report",
    load: async () => (await import("./commands/study.ts")).studyCommand(),
  },
  {
    name: "budget",
    summary: "how many annotated patients lead to a wished Dice, from a study's learning curves",
    load: async () => (await import("./commands/budget.ts")).budgetCommand(),
  },
  {
    name: "quickstart",
    summary: "the whole way on made-up images, in ten minutes",
    load: async () => (await import("./commands/quickstart.ts")).quickstartCommand(),
  },
];
