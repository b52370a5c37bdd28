import { join, relative } from "node:path";
import type { StudyExample } from "@medssl/contract";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { writeExample } from "../evaluation/pictures.ts";

/** Image, truth and prediction of one case of an evaluation, of a volume its fullest slice. @param number Of the case */
export async function writeCasePicture(
  { set, shownImages, predict }: Evaluation,
  number: number,
  path: string,
): Promise<void> {
  const index = shownImages[number]!;
  const image = set.images([index]).view([set.height, set.width]);
  await writeExample(path, image, set.masks([index]).select(0, 0), predict(index));
}

/** Pictures of the best, the median and the worst case of an evaluation. @param root Folder that paths are relative to */
export async function writeExamples(evaluation: Evaluation, dir: string, root: string): Promise<StudyExample[]> {
  const { scores } = evaluation;
  const order = scores.cases.map((_, i) => i).sort((a, b) => scores.cases[b]!.dice - scores.cases[a]!.dice);
  const chosen = { best: order[0]!, median: order[Math.floor(order.length / 2)]!, worst: order.at(-1)! };
  const examples: StudyExample[] = [];
  for (const rank of ["best", "median", "worst"] as const) {
    const number = chosen[rank];
    const path = join(dir, `${rank}.png`);
    await writeCasePicture(evaluation, number, path);
    const { case: id, dice } = scores.cases[number]!;
    examples.push({ rank, case: id, dice, picture: relative(root, path) });
  }
  return examples;
}
