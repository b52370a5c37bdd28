export type { Provider } from "./engine/network.ts";
export type { Pixels, SegmentableImage } from "./segmentable-image.ts";
export * from "./segmenter.ts";
export type { Picture } from "./worker/messages.ts";
