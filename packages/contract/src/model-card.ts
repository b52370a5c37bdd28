/**
 * `model.json`: what an exported model is, what it wants to be given, how good it was seen to be, and what it may be used for.
 *
 * Folder   model.json, the weights that it names (model.onnx, ...) and golden/, inputs with the results that they must give.
 * Errors   `ERR_MODEL_CARD` where it is damaged or incomplete, `ERR_MODEL_VERSION` where it was written by a later version.
 */
import { z } from "zod";
import { MedsslError } from "./errors.ts";

/** Of the card's form. A reader refuses what is newer than itself. */
export const MODEL_CARD_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const byte = z.int().min(0).max(255);

/** Below the card's folder, with `/`: a card from elsewhere cannot name another file of the reader's. */
const fileName = z.string().regex(/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/);

const code = z.strictObject({
  scheme: z.string().describe("Coding scheme as DICOM names it: SCT is SNOMED CT."),
  value: z.string().describe("The code itself."),
  meaning: z.string().describe("In words."),
});

const labelRule = z.strictObject({
  value: z.int().min(1).max(255).describe("Of the class that it is for."),
  largest: z.int().min(1).nullable().describe("Parts that are kept, the largest ones; null: any number."),
  minimumSize: z.number().min(0).describe("Voxels of the smallest part that is kept, at the size of `slices`."),
  fillHoles: z.boolean().describe("Whether background that the class encloses becomes the class."),
});

/** How a scan's slices become what the network was trained on. */
const sliceForm = z.strictObject({
  width: z.int().min(1).describe("In pixels."),
  height: z.int().min(1).describe("In pixels."),
  fit: z.enum(["squash", "pad", "crop"]).describe("How a slice of another aspect is brought to this size."),
  channel: z.enum(["luma", "green"]).describe("What is taken of a color image."),
  dtype: z.enum(["uint8", "int16"]).describe("uint8: grey values, 0-255. int16: Hounsfield units."),
});

const statistics = z.strictObject({
  mean: z.number().describe("Of values of 0-1."),
  std: z.number().describe("Their standard deviation."),
  limits: z.tuple([z.number(), z.number()]).optional().describe("Values are limited to these first."),
  isPerImage: z.boolean().optional().describe("Each image's own mean and deviation are taken in place of these."),
});

/** From a scan to the network's input, and from its output to a label map. */
export const segmentationPlanSchema = z.strictObject({
  inputSize: z.int().min(1).describe("Side of the square that the network sees, in pixels."),
  contextSlices: z.int().min(0).describe("Slices on each side that the network sees as channels."),
  slices: sliceForm,
  unitRange: z
    .tuple([z.number(), z.number()])
    .describe("Values that become 0 and 1, in the units of `slices`; Hounsfield units beyond are limited to them."),
  statistics: statistics.describe("Mean and deviation that values of 0-1 are standardised by."),
  mode: z.enum(["whole", "tiles"]).describe("A slice at the input size, or overlapping tiles of it."),
  tileOverlap: z.number().min(0).max(0.9).describe("Share of a tile's side that its neighbour covers as well."),
  flips: z.enum(["none", "horizontal", "both"]).describe("Mirrored views that are averaged."),
  postProcessing: z.array(labelRule),
  kinds: z.array(z.string()).describe("What it learned from: xray, ct, mr, fundus, picture. Empty: nobody says."),
  isAsStored: z
    .boolean()
    .optional()
    .describe("Whether files did not say how their volumes lie in the patient, so that slices were learned as stored."),
  cropsBlackBorder: z
    .boolean()
    .optional()
    .describe("Whether black borders of pictures are cut off first: those that it learned from have none."),
});

export const segmentClassSchema = z.strictObject({
  value: z.int().min(1).max(255).describe("In label maps."),
  name: z.string().describe("As the masks that it learned from call it."),
  color: z.tuple([byte, byte, byte]).describe("Red, green and blue."),
  category: code.describe("What kind of thing it is: an anatomical structure, a tissue, something abnormal."),
  type: code.describe("Which one."),
  modifiers: z.array(code).describe("Such as its side."),
});

const share = z.number().min(0).max(1);
const interval = z.strictObject({
  mean: share.describe("The mean."),
  low: share.describe("Lower end of the 95% interval."),
  high: share.describe("Upper end of it."),
});

const metrics = z.strictObject({
  images: count.describe("Pictures, or slices of volumes."),
  patients: count.describe("Whose they are."),
  dice: interval.describe("Mean over classes and held-out patients, with its 95% interval over other patients; 0-1."),
  classes: z.array(
    z.strictObject({
      name: z.string().describe("Of the class."),
      dice: interval.describe("Over the held-out patients who have it."),
      hd95Mm: z.number().optional().describe("Mean 95th percentile of the surfaces' distances, in mm."),
    }),
  ),
  data: z.string().describe("What it was measured on."),
});

const weights = z.strictObject({
  precision: z.enum(["fp32", "fp16", "int8"]).describe("Of the numbers in the file."),
  file: fileName.describe("In the folder; ONNX, input `images`, output `logits`."),
  tolerance: z
    .strictObject({
      logits: z.number().describe("Largest difference from the golden logits."),
      labels: z.number().describe("Smallest share of pixels with the golden label, 0-1."),
    })
    .optional()
    .describe("How far its results for the golden images may lie from what libtorch gave."),
  loss: z
    .strictObject({
      dice: z.number().describe("Dice on the held-out patients."),
      change: z.number().describe("In the mean Dice, against the trained network in fp32."),
      sameLabels: z.number().describe("Share of pixels with the trained network's label, 0-1."),
      images: count.describe("That it was measured on."),
    })
    .optional()
    .describe("What was measured of it; not there where nothing could be."),
});

export const modelCardSchema = z.strictObject({
  format: z.literal("medssl-model").describe("Says that this is such a card."),
  version: z.literal(MODEL_CARD_VERSION).describe("Of the card's form; programs refuse what is newer than they know."),
  name: z.string().describe("What the model is called."),
  createdAt: z.iso.datetime().describe("When it was exported."),
  producer: z.string().describe("Program and version."),
  task: z.literal("segmentation").describe("What it does."),
  architecture: z.strictObject({
    head: z.string().describe("Kind of network (docs/heads.md)."),
    parameters: count.describe("Their number."),
  }),
  classes: z.array(segmentClassSchema).min(1),
  plan: segmentationPlanSchema,
  expectedSpacingMm: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe("Size [y, x] of the pixels that it learned from, in the middle; where their files said it."),
  weights: z.array(weights).min(1),
  opset: count.describe("Version of ONNX's operators that the files need."),
  training: z.strictObject({
    images: count.describe("With masks that it learned from."),
    patients: count.describe("Whose they are."),
    encoder: z.string().nullable().describe("How the encoder was pre-trained; null: from scratch."),
    recipeSha256: sha256.describe("Of the recipe in the run's run.json, as compact JSON."),
    dataSha256: sha256.describe("Of the labelled patients' pseudonyms and the stores' contents."),
    dataSha256Of: z
      .enum(["patients and images", "patients"])
      .optional()
      .describe("What of it the hash is over: of pseudonyms alone where the stores were gone."),
    heldOutSha256: sha256.nullable().describe("Of the pseudonyms of the patients who were kept for testing."),
  }),
  metrics: metrics.nullable().describe("How good it was seen to be; null where nothing could be measured."),
  intendedUse: z.string().describe("What who exported it says that it may be used for."),
  license: z.string().describe("Under which terms."),
  golden: z.array(
    z.strictObject({
      image: fileName.describe("A made-up image: .npy [depth, height, width], in the units of `plan.slices`."),
      labels: fileName.describe("What it must give: .npy uint8 of the same shape."),
      logits: fileName.describe(".npy float32 [1, K + 1, inputSize, inputSize], of the input in `input`."),
      input: fileName.describe(".npy float32 [1, C, inputSize, inputSize], standardised."),
    }),
  ),
  files: z
    .record(fileName, z.strictObject({ sha256: sha256.describe("In hex."), bytes: count.describe("Its size.") }))
    .describe("Of every file of the folder but this one."),
});

export type ModelCard = z.infer<typeof modelCardSchema>;
export type SegmentationPlan = z.infer<typeof segmentationPlanSchema>;
export type SegmentClass = z.infer<typeof segmentClassSchema>;
export type PostProcessing = SegmentationPlan["postProcessing"];
export type LabelRule = PostProcessing[number];
export type WeightPrecision = ModelCard["weights"][number]["precision"];

/** What a user says of classes, by their names, in the place of what their names tell. */
const classCodesSchema = z.record(
  z.string(),
  segmentClassSchema.pick({ color: true, category: true, type: true, modifiers: true }).partial(),
);

export type ClassCodes = z.infer<typeof classCodesSchema>;

/** @param source Where the text is from, for the messages. @throws {MedsslError} `ERR_CLASS_CODES` */
export function parseClassCodes(text: string, source: string): ClassCodes {
  const hint =
    'Expected such as {"lungs": {"type": {"scheme": "SCT", "value": "39607008", "meaning": "Lung"}, "color": [230, 159, 0]}}.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MedsslError("ERR_CLASS_CODES", `${source}: expected codes of classes, got what is no JSON`, {
      hint,
      cause,
    });
  }
  const { success, data, error } = classCodesSchema.safeParse(value);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new MedsslError("ERR_CLASS_CODES", `${source}: ${path.join(".") || "the file"}: ${message}`, { hint });
}

/** @param source Where the text is from, for the messages. @throws {MedsslError} `ERR_MODEL_CARD`, `ERR_MODEL_VERSION` */
export function parseModelCard(text: string, source: string): ModelCard {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MedsslError("ERR_MODEL_CARD", `${source}: expected a model card, got what is no JSON`, { cause });
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== "medssl-model") {
    throw new MedsslError("ERR_MODEL_CARD", `${source}: expected the card of an exported model, got something else`, {
      hint: "Give the folder that was --out of `medssl export`.",
    });
  }
  if (typeof version === "number" && version > MODEL_CARD_VERSION) {
    throw new MedsslError(
      "ERR_MODEL_VERSION",
      `${source}: a card of version ${version}; this program reads versions up to ${MODEL_CARD_VERSION}`,
      { hint: "Update MedSSL-ViT, or export the model again with this version." },
    );
  }
  const { success, data, error } = modelCardSchema.safeParse(value);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new MedsslError("ERR_MODEL_CARD", `${source}: damaged: ${path.join(".") || "the card"}: ${message}`, {
    hint: "Export the model again, or copy the folder again from where it came from.",
    cause: error,
  });
}
