/** The science: models, objectives, training, evaluation, studies. */
export { type Budget, type BudgetOptions, forecasts } from "./annotation-budget/forecast.ts";
export { budgetSentences } from "./annotation-budget/sentences.ts";
export { Draws, type Share } from "./augment/draws.ts";
export { Sampler } from "./data/sampler.ts";
export { lungEnds } from "./data/thorax-frame.ts";
export { type CompareMasksOptions, compareMasks, type MaskComparison } from "./evaluation/compare-masks.ts";
export { comparePredictions, type PredictionComparison } from "./evaluation/compare-predictions.ts";
export { type EvaluateOptions, type Evaluation, evaluateRun, type MetricChoice } from "./evaluation/evaluate.ts";
export type { MaskProblem } from "./evaluation/pair-masks.ts";
export { scoresCsv } from "./evaluation/scores-csv.ts";
export type { AssumedSpacing } from "./evaluation/spacing.ts";
export { type ExportedPrecision, type ExportOptions, type ExportResult, exportRun } from "./export/export-run.ts";
export { keepWhatHelps, rulesOfMasks, type ValidatedCase } from "./inference/learn-post-processing.ts";
export {
  labelMaps,
  type Segmenter,
  type SegmentOptions,
  segmentImages,
  segmentLabels,
} from "./inference/segment-images.ts";
export { openTorchSegmenter, planOfRun, type TorchSegmenterOptions } from "./inference/torch-segmenter.ts";
export { distancesBetween, hd95, nsd } from "./metrics/surface-distances.ts";
export { type FindOptions, type FoundViT, findViT } from "./models/find-vit.ts";
export { HybridUNet } from "./models/hybrid-unet.ts";
export { type LoadEncoderOptions, type LoadedEncoder, loadEncoder, saveEncoder } from "./models/load-encoder.ts";
export type { ForwardOptions, SegmentationNetwork, SegmenterOptions } from "./models/segmentation-network.ts";
export { UNet } from "./models/unet.ts";
export { type TokenOptions, ViT, type ViTOptions } from "./models/vit.ts";
export { ViTSegmenter } from "./models/vit-segmenter.ts";
export { countParameters, freezeModule, loadStateDict, moveModule, namedParameters, stateDict } from "./nn/module.ts";
export { contrastLoss } from "./objectives/anatomical-contrast.ts";
export { MaskedAutoencoder, reconstruct, reconstructionLoss } from "./objectives/masked-image-modeling.ts";
export { drawKeepIndices } from "./objectives/masking.ts";
export { createObjective, type PretrainingObjective } from "./objectives/pretraining.ts";
export { ALONE, type Ranks } from "./objectives/ranks.ts";
export { segmentationLoss } from "./objectives/segmentation-loss.ts";
export { type EncodeOptions, encodeOnnx } from "./onnx/encode-onnx.ts";
export { toFloat16 } from "./onnx/float16.ts";
export type { Graph } from "./onnx/graph.ts";
export { quantizeWeights } from "./onnx/quantize.ts";
export { type TraceOptions, traceNetwork } from "./onnx/trace-network.ts";
export { AdamW, gradientClip, type ParameterGroup } from "./optim/adamw.ts";
export { decayGroups } from "./optim/parameter-groups.ts";
export { describeRecipe, loadRecipe, recipeNames } from "./recipes/recipe-files.ts";
export { findRegions, type RegionPoint, type RegionResult, type RegionsResult } from "./regions/find-regions.ts";
export { loadPlaceEncoder, type PlaceEncoder, untrainedPlaceEncoder } from "./regions/place-encoder.ts";
export { describeImage, findPlaces } from "./regions/place-search.ts";
export { studyTable } from "./report/table.ts";
export { studyHeads } from "./study/arms.ts";
export { roundedShare } from "./study/label-notes.ts";
export { runStudy, type StudyResult } from "./study/run-study.ts";
export type { StudyOptions } from "./study/study-options.ts";
export { consistencyPool } from "./study/unlabeled-pool.ts";
export { type Suggestion, type Suggestions, type SuggestOptions, suggest } from "./suggestion/suggest.ts";
export { listed, type SuggestionFiles, writeSuggestions } from "./suggestion/suggestion-pictures.ts";
export { type FinetuneOptions, finetune } from "./training/finetune.ts";
export { type PlanRecipeOptions, planRecipe, type RecipePlan } from "./training/planned-recipe.ts";
export { type PretrainOptions, pretrain } from "./training/pretrain.ts";
export { type FinetuneRun, type PretrainRun, type RunInfo, readRun } from "./training/run-directory.ts";
export { EventFile } from "./watch/event-file.ts";
