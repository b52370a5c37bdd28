/**
 * Logits to probabilities and labels, in place of a tensor library.
 *
 * Shapes   [L, N]: the values of each label one after the other, background first.
 * Ties     the first of equals wins, as in PyTorch.
 */

/** Adds each pixel's probabilities to `sums`, or writes them where `isFirst`. @param logits L values `size` apart, from `start` on. */
export function addSoftmax(
  logits: Float32Array,
  start: number,
  numLabels: number,
  size: number,
  sums: Float32Array,
  isFirst: boolean,
): void {
  const end = start + numLabels * size;
  if (isFirst) sums.fill(0, start, end);
  if (numLabels === 2) {
    addSigmoid(logits, start, size, sums);
    return;
  }
  for (let i = start; i < start + size; i++) {
    let greatest = logits[i]!;
    for (let at = i + size; at < end; at += size) if (logits[at]! > greatest) greatest = logits[at]!;
    let total = 0;
    for (let at = i; at < end; at += size) {
      const value = Math.exp(logits[at]! - greatest);
      logits[at] = value;
      total += value;
    }
    for (let at = i; at < end; at += size) sums[at]! += logits[at]! / total;
  }
}

/** Of two labels, with half of the exponentials. */
function addSigmoid(logits: Float32Array, start: number, size: number, sums: Float32Array): void {
  for (let background = start, label = start + size; background < start + size; background++, label++) {
    const share = 1 / (1 + Math.exp(logits[background]! - logits[label]!));
    sums[label]! += share;
    sums[background]! += 1 - share;
  }
}

/** The likeliest label of each of `count` pixels. @param scores L values `stride` apart, from `start` on. */
export function writeLabels(
  scores: Float32Array,
  start: number,
  numLabels: number,
  stride: number,
  count: number,
  labels: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) {
    let best = 0;
    let most = scores[start + i]!;
    for (let label = 1; label < numLabels; label++) {
      const score = scores[start + label * stride + i]!;
      if (score > most) {
        most = score;
        best = label;
      }
    }
    labels[at + i] = best;
  }
}

/** How far each label is above the background, of `count` pixels. @param margins K values `size` apart, from `at` on. */
export function writeMargins(
  scores: Float32Array,
  start: number,
  numLabels: number,
  stride: number,
  count: number,
  margins: Float32Array,
  at: number,
  size: number,
): void {
  for (let label = 1; label < numLabels; label++) {
    const from = start + label * stride;
    const to = at + (label - 1) * size;
    for (let i = 0; i < count; i++) margins[to + i] = scores[from + i]! - scores[start + i]!;
  }
}
