import { join, relative } from "node:path";
import type { StudyExample } from "@medssl/contract";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { writeExample } from "../evaluation/pictures.ts";

/** Pictures of the best, the median and the worst case of an evaluation, of a volume its fullest slice. @param root Folder that paths are relative to */
export async function writeExamples(
  { scores, set, shownImages, predict }: Evaluation,
  dir: string,
  root: string,
): Promise<StudyExample[]> {
  const order = scores.cases.map((_, i) => i).sort((a, b) => scores.cases[b]!.dice - scores.cases[a]!.dice);
  const chosen = { best: order[0]!, median: order[Math.floor(order.length / 2)]!, worst: order.at(-1)! };
  const examples: StudyExample[] = [];
  for (const rank of ["best", "median", "worst"] as const) {
    const index = shownImages[chosen[rank]]!;
    const path = join(dir, `${rank}.png`);
    await writeExample(
      path,
      set.images([index]).view([set.height, set.width]),
      set.masks([index]).select(0, 0),
      predict(index),
    );
    const { case: id, dice } = scores.cases[chosen[rank]]!;
    examples.push({ rank, case: id, dice, picture: relative(root, path) });
  }
  return examples;
}
