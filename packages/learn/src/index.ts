/** The science: models, objectives, training, evaluation, studies. */
export { type EvaluateOptions, type Evaluation, evaluateRun } from "./evaluation/evaluate.ts";
export { type Prediction, type PredictOptions, type PredictResult, predict } from "./evaluation/predict.ts";
export { loadRecipe, recipeNames } from "./recipes/recipe-files.ts";
export { studyTable } from "./report/table.ts";
export { runStudy, type StudyOptions, type StudyResult } from "./study/run-study.ts";
export { type FinetuneOptions, finetune } from "./training/finetune.ts";
export { type PretrainOptions, pretrain } from "./training/pretrain.ts";
export { type FinetuneRun, type PretrainRun, type RunInfo, readRun } from "./training/run-directory.ts";
