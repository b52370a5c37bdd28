/** Pixels of each label, 0 to 255. Label maps are areas: four equal ones in a row are counted at once. */
export function countLabels(labels: Uint8Array): Float64Array {
  const counts = new Float64Array(256);
  const countEach = (from: number, end: number) => {
    for (let i = from; i < end; i++) counts[labels[i]!]!++;
  };
  const first = -labels.byteOffset & 3;
  if (labels.length < first) {
    countEach(0, labels.length);
    return counts;
  }
  const words = new Uint32Array(labels.buffer, labels.byteOffset + first, (labels.length - first) >> 2);
  countEach(0, first);
  for (let i = 0; i < words.length; ) {
    const word = words[i]!;
    const label = word & 255;
    const start = i++;
    if (word !== label * 0x01010101) {
      countEach(first + 4 * start, first + 4 * i);
      continue;
    }
    while (i < words.length && words[i] === word) i++;
    counts[label]! += 4 * (i - start);
  }
  countEach(first + 4 * words.length, labels.length);
  return counts;
}
