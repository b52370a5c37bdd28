/**
 * Lesions found and missed: connected parts of the truth and of the prediction, counted.
 *
 * Lesion   a connected part of a mask; voxels that share a face, an edge or a corner are connected (26, in a picture 8).
 * Found    a true lesion that the prediction touches in at least one voxel. A predicted one that touches no true one is
 *          false. Sizes do not count: that is what Dice is for.
 * Cost     linear in the voxels of the box.
 */
import { type ClassBox, neighborSteps, PREDICTION, type Side, TRUTH } from "./class-box.ts";

export interface LesionCounts {
  readonly numLesions: number;
  readonly numFoundLesions: number;
  readonly numPredictedLesions: number;
  readonly numFalseLesions: number;
}

export function countLesions(box: ClassBox): LesionCounts {
  const truth = countParts(box, TRUTH);
  const prediction = countParts(box, PREDICTION);
  return {
    numLesions: truth.count,
    numFoundLesions: truth.touched,
    numPredictedLesions: prediction.count,
    numFalseLesions: prediction.count - prediction.touched,
  };
}

/** Share of the true lesions that were found; undefined without any. */
export function lesionRecall({ numLesions, numFoundLesions }: LesionCounts): number | undefined {
  return numLesions === 0 ? undefined : numFoundLesions / numLesions;
}

/** 2 TP / (2 TP + FP + FN), of lesions; undefined where there are none on either side. */
export function lesionF1({ numLesions, numFoundLesions, numFalseLesions }: LesionCounts): number | undefined {
  const sum = numFoundLesions + numFalseLesions + numLesions;
  return sum === 0 ? undefined : (2 * numFoundLesions) / sum;
}

/** Connected parts of one side, and how many of them touch the other. */
function countParts(box: ClassBox, side: Side): { count: number; touched: number } {
  const other = side === TRUTH ? PREDICTION : TRUTH;
  const data = box.data.slice();
  const steps = neighborSteps(box);
  let stack = new Int32Array(4096);
  let [count, touched] = [0, 0];
  for (let seed = 0; seed < data.length; seed++) {
    if ((data[seed]! & side) === 0) continue;
    count++;
    let isTouched = false;
    let top = 0;
    stack[top++] = seed;
    if ((data[seed]! & other) !== 0) isTouched = true;
    data[seed] = 0;
    while (top > 0) {
      const i = stack[--top]!;
      if (top + steps.length > stack.length) {
        const larger = new Int32Array(2 * stack.length);
        larger.set(stack);
        stack = larger;
      }
      for (let n = 0; n < steps.length; n++) {
        const neighbor = i + steps[n]!;
        const value = data[neighbor]!;
        if ((value & side) === 0) continue;
        if ((value & other) !== 0) isTouched = true;
        data[neighbor] = 0;
        stack[top++] = neighbor;
      }
    }
    if (isTouched) touched++;
  }
  return { count, touched };
}
