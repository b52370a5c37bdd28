export { type CasePixels, readCase } from "./case-pixels.ts";
export type { QuarantinedFile } from "./catalog.ts";
export * from "./ingest.ts";
export type { IngestSummary, SourceSummary } from "./ingest-summary.ts";
export { type FileLabel, type LabelRule, parseLabels } from "./label-rule.ts";
export * from "./random.ts";
export * from "./splits.ts";
export * from "./store.ts";
