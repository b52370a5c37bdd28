export type { ModelCard, SegmentationPlan, SegmentClass, WeightPrecision } from "@medssl/contract";
export { MedsslError } from "@medssl/contract";
export type { Affine, Meaning, Samples, Scan, ScanLabels, SegmentOptions, Vec3 } from "@medssl/imaging";
export type { Provider } from "./engine/network.ts";
export type { Pixels, SegmentableImage } from "./segmentable-image.ts";
export * from "./segmenter.ts";
export type { FoundLabels, Picture } from "./worker/messages.ts";
