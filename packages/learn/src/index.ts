/** The science: models, objectives, training, evaluation, studies. */
export { Sampler } from "./data/sampler.ts";
export { type EvaluateOptions, type Evaluation, evaluateRun } from "./evaluation/evaluate.ts";
export { type Prediction, type PredictOptions, type PredictResult, predict } from "./evaluation/predict.ts";
export { type LabeledCase, scoreCase, summarizeScores } from "./metrics/overlap.ts";
export { type FindOptions, type FoundViT, findViT } from "./models/find-vit.ts";
export { HybridUNet } from "./models/hybrid-unet.ts";
export { type LoadEncoderOptions, type LoadedEncoder, loadEncoder, saveEncoder } from "./models/load-encoder.ts";
export { type SegmenterOptions, UNet } from "./models/unet.ts";
export { type TokenOptions, ViT, type ViTOptions } from "./models/vit.ts";
export { ViTSegmenter } from "./models/vit-segmenter.ts";
export { countParameters, loadStateDict, moveModule, namedParameters, stateDict } from "./nn/module.ts";
export { contrastLoss } from "./objectives/anatomical-contrast.ts";
export {
  MaskedAutoencoder,
  randomKeepIndices,
  reconstruct,
  reconstructionLoss,
} from "./objectives/masked-image-modeling.ts";
export { PretrainingModel, pretrainingLoss } from "./objectives/pretraining.ts";
export { segmentationLoss } from "./objectives/segmentation-loss.ts";
export { AdamW, type ParameterGroup } from "./optim/adamw.ts";
export { decayGroups } from "./optim/parameter-groups.ts";
export { loadRecipe, recipeNames } from "./recipes/recipe-files.ts";
export { studyTable } from "./report/table.ts";
export { runStudy, type StudyResult } from "./study/run-study.ts";
export type { StudyOptions } from "./study/study-options.ts";
export { type FinetuneOptions, finetune } from "./training/finetune.ts";
export { type PretrainOptions, pretrain } from "./training/pretrain.ts";
export { type FinetuneRun, type PretrainRun, type RunInfo, readRun } from "./training/run-directory.ts";
