export { csvTable, type Field } from "./csv-table.ts";
export { lockFolder } from "./folder-lock.ts";
export * from "./ingest/fetch-source.ts";
export * from "./ingest/ingest.ts";
export type { IngestSummary, SourceSummary } from "./ingest/ingest-summary.ts";
export { wholeNumbers } from "./ingest/read-labels.ts";
export { readScans } from "./ingest/read-scans.ts";
export type { ShardOf } from "./ingest/work-plan.ts";
export { type InspectOptions, inspectStores } from "./inspect/inspect-stores.ts";
export type * from "./inspect/inspection.ts";
export { inspectionPage } from "./inspect/page.ts";
export {
  applyLabelRule,
  type FileLabel,
  type LabelRule,
  type MaskVote,
  parseLabels,
  ruleFromVotes,
  voteOnMask,
} from "./label-rule.ts";
export { listDicom } from "./layouts/dicom-series.ts";
export { isImageFile, stemOf } from "./layouts/image-file.ts";
export type * from "./layouts/layout.ts";
export { plainRole, withoutMaskSuffix } from "./layouts/mask-table.ts";
export { layouts } from "./layouts/registry.ts";
export { SourceFolder } from "./layouts/source-folder.ts";
export { htmlPage } from "./page/html-page.ts";
export { html, type Markup, trusted } from "./page/markup.ts";
export { type Landmark, type LandmarkName, landmarkNames } from "./phantoms/landmarks.ts";
export * from "./phantoms/phantom.ts";
export * from "./phantoms/phantom-folder.ts";
export * from "./phantoms/table1.ts";
export { TorsoScan, type TorsoSlice } from "./phantoms/torso-scan.ts";
export { COPIES_FOLDER, DEFAULT_FORMATS, OUTPUT_FORMATS, type OutputFormat } from "./prediction/output-formats.ts";
export {
  type MaskScores,
  type PredictedMask,
  type PredictionModel,
  type PredictOptions,
  predict,
} from "./prediction/predict.ts";
export type { FetchedFolder } from "./prediction/prediction-inputs.ts";
export { counted, type Prediction, type PredictionReport } from "./prediction/prediction-report.ts";
export * from "./private/deidentify-archive.ts";
export type { QuarantinedFile } from "./private/ledger.ts";
export { readSalt } from "./private/salt.ts";
export * from "./random.ts";
export { findLeaks, type LeakSearch } from "./splits/leaks.ts";
export { checkSalts, saltsDifferText, storesOfDifferentSalts } from "./splits/salts.ts";
export * from "./splits/split.ts";
export { parseSplit, readSplit, writeSplit } from "./splits/split-file.ts";
export { type SplitOptions, splitStores } from "./splits/split-stores.ts";
export { type CasePixels, readCase } from "./store/case-pixels.ts";
export { type RecipeName, recipeNames, type StoreRecipe, type StoreRecipes } from "./store/recipe.ts";
export * from "./store/store.ts";
