/**
 * The arms of a study as the report shows them: one name, one color and one stroke for each, the same everywhere.
 *
 * Color tells the method, stroke and shape tell the head: dashes and diamonds mark an arm whose head is not the
 * study's own. So a picture is read without its legend, and in print or by a color-blind reader as well.
 */
import type { PretrainMethod, Study } from "@medssl/contract";

export type ArmColor = "unet" | "auto-unet" | "scratch" | "imported" | PretrainMethod;

export interface Arm {
  /** As in the study, such as `mim+acl@vit`. */
  readonly id: string;
  readonly method: string;
  /** The network that segments; undefined for a baseline, which has no other. */
  readonly head: string | undefined;
  /** For labels and tables. */
  readonly name: string;
  readonly color: ArmColor;
  /** Whether the head differs from the study's, or unlabeled images take part. */
  readonly isVariant: boolean;
  /** A convolutional network that is trained with labels alone. */
  readonly isBaseline: boolean;
  /** One sentence on what it is. */
  readonly description: string;
}

const names: Readonly<Record<ArmColor, string>> = {
  unet: "U-Net",
  "auto-unet": "Self-configuring U-Net",
  scratch: "Scratch",
  imported: "Imported",
  mim: "MIM",
  "mim+acl": "MIM+ACL",
  simclr: "SimCLR",
  "swin-proxies": "Swin proxies",
};
const headNames: Readonly<Record<string, string>> = {
  vit: "ViT head",
  hybrid: "hybrid",
  pyramid: "pyramid",
  upernet: "UPerNet",
  linear: "linear",
};
const descriptions: Readonly<Record<ArmColor, string>> = {
  unet: "a plain convolutional U-Net from random weights: the supervised baseline",
  "auto-unet": "a U-Net that configures itself by the data's fingerprint, after nnU-Net's rules; from random weights",
  scratch: "the Vision Transformer from random weights: what pre-training is measured against",
  imported: "the same network, its encoder's weights from a file that was given",
  mim: "the same network, its encoder pre-trained by masked image modeling on unlabeled images",
  "mim+acl": "the same network, its encoder pre-trained by masked image modeling and anatomy-aware contrast",
  simclr: "the same network, its encoder pre-trained by SimCLR: two views of an image against all other images",
  "swin-proxies": "the same network, its encoder pre-trained by Swin-UNETR's tasks: inpainting, rotation and contrast",
};
const headDescriptions: Readonly<Record<string, string>> = {
  vit: "a light convolutional decoder on the ViT",
  hybrid: "the ViT inside a U-Net",
  pyramid: "a feature pyramid on the ViT, with a convolutional stem",
  upernet: "UPerNet on the ViT",
  linear: "a linear layer on the ViT's tokens: a probe of what the encoder knows",
};

/** What a head is, for a sentence. */
export function describeHead(head: string): string {
  return headDescriptions[head] ?? head;
}

/** `imported:mae@vit` and the like; see study/arms.ts. */
export function describeArm(id: string, studyHead: string): Arm {
  const isSemi = id.startsWith("semi:");
  const [start = "", variant] = id.replace(/^semi:/, "").split("@");
  const [kind = "", given] = start.split(":");
  const color = (kind in names ? kind : "imported") as ArmColor;
  const isBaseline = color === "unet" || color === "auto-unet";
  const hasOtherHead = variant !== undefined && variant !== studyHead;
  const name = given === undefined ? names[color] : `${names[color]} ${given}`;
  const description = descriptions[color];
  return {
    id,
    method: start,
    head: isBaseline ? undefined : (variant ?? studyHead),
    name: [name, ...(hasOtherHead ? [headNames[variant] ?? variant] : []), ...(isSemi ? ["semi-supervised"] : [])].join(
      ", ",
    ),
    color,
    isVariant: hasOtherHead || isSemi,
    isBaseline,
    description: [
      description,
      ...(hasOtherHead ? [`here with ${describeHead(variant)}`] : []),
      ...(isSemi ? ["and consistency on the images whose labels are not used"] : []),
    ].join("; "),
  };
}

/** The study's arms in its own order. */
export function armsOf(study: Study): Arm[] {
  return study.arms.map((id) => describeArm(id, study.head));
}

/** The arm that a study is about: MIM+ACL if it is there, else the last pre-trained arm. Fixed before any number. */
export function mainArm(arms: readonly Arm[]): Arm | undefined {
  const pretrained = arms.filter((arm) => !arm.isBaseline && arm.method !== "scratch");
  return pretrained.find((arm) => arm.method === "mim+acl" && !arm.isVariant) ?? pretrained.at(-1);
}
