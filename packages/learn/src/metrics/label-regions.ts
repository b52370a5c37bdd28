/**
 * Where each label lies in a pair of label maps, and how often the two agree on it: one look at every voxel.
 *
 * Shapes   label maps [D, H, W] as bytes, 0 background; a picture is a volume of one slice.
 * Cost     linear; background that both share is passed over four voxels at a time, what is equal in runs.
 */
import type { Vec3 } from "@medssl/imaging";

/** First and last voxel of a part of a volume [z, y, x], both inside. */
export interface Box {
  readonly first: Vec3;
  readonly last: Vec3;
}

export interface LabelRegion {
  /** Voxels that carry the label. */
  readonly inTruth: number;
  readonly inPrediction: number;
  readonly inBoth: number;
  /** What either map needs; undefined where neither has the label. */
  readonly box: Box | undefined;
}

const VALUES = 256;

/** @returns By label value, 0 left out. */
export function labelRegions(truth: Uint8Array, prediction: Uint8Array, shape: Vec3): (value: number) => LabelRegion {
  const [depth, height, width] = shape;
  const counts = {
    truth: new Float64Array(VALUES),
    prediction: new Float64Array(VALUES),
    both: new Float64Array(VALUES),
  };
  const first = [0, 1, 2].map(() => new Int32Array(VALUES).fill(0x7fffffff)) as [Int32Array, Int32Array, Int32Array];
  const last = [0, 1, 2].map(() => new Int32Array(VALUES).fill(-1)) as [Int32Array, Int32Array, Int32Array];
  const seenIn = new Int32Array(VALUES).fill(-1);
  const note = (value: number, z: number, y: number, x: number, end: number, row: number) => {
    if (x < first[2][value]!) first[2][value] = x;
    if (end > last[2][value]!) last[2][value] = end;
    if (seenIn[value] === row) return;
    seenIn[value] = row;
    if (y < first[1][value]!) first[1][value] = y;
    if (y > last[1][value]!) last[1][value] = y;
    if (z < first[0][value]!) first[0][value] = z;
    last[0][value] = z;
  };
  const [truthWords, predictionWords] = [wordsOf(truth), wordsOf(prediction)];
  for (let z = 0, row = 0, start = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, row++, start += width) {
      for (let x = 0; x < width; x++) {
        const i = start + x;
        const [inTruth, inPrediction] = [truth[i]!, prediction[i]!];
        if ((inTruth | inPrediction) === 0) {
          if ((i & 3) !== 0) continue;
          const end = (start + width) >> 2;
          let word = i >> 2;
          while (word < end && (truthWords[word]! | predictionWords[word]!) === 0) word++;
          x = Math.max(4 * word - start - 1, x);
          continue;
        }
        let end = x + 1;
        const [fourInTruth, fourInPrediction] = [fourTimes(inTruth), fourTimes(inPrediction)];
        while (end < width && truth[start + end] === inTruth && prediction[start + end] === inPrediction) {
          const word = (start + end) >> 2;
          const isFour =
            ((start + end) & 3) === 0 &&
            end + 4 <= width &&
            truthWords[word] === fourInTruth &&
            predictionWords[word] === fourInPrediction;
          end += isFour ? 4 : 1;
        }
        if (inTruth !== 0) {
          counts.truth[inTruth]! += end - x;
          note(inTruth, z, y, x, end - 1, row);
        }
        if (inPrediction !== 0) {
          counts.prediction[inPrediction]! += end - x;
          if (inPrediction === inTruth) counts.both[inTruth]! += end - x;
          else note(inPrediction, z, y, x, end - 1, row);
        }
        x = end - 1;
      }
    }
  }
  return (value) => ({
    inTruth: counts.truth[value]!,
    inPrediction: counts.prediction[value]!,
    inBoth: counts.both[value]!,
    box:
      last[0][value] === -1
        ? undefined
        : {
            first: [first[0][value]!, first[1][value]!, first[2][value]!],
            last: [last[0][value]!, last[1][value]!, last[2][value]!],
          },
  });
}

const fourTimes = (value: number): number => Math.imul(value, 0x01010101);

/** The same bytes four at a time; what is left over at the end has no word. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
