import type { FileLabel } from "../label-rule.ts";

/**
 * The labels of a data set by name, with the value that its masks use: `fileLabels({ liver: 1, tumor: 2 })`. Of several
 * values the first is right and the others are known mistakes. Stores number them 1, 2, ... in the order given.
 */
export function fileLabels(valuesByName: Readonly<Record<string, number | readonly number[]>>): readonly FileLabel[] {
  return Object.entries(valuesByName).map(([name, values], i) => {
    const [fileValue, ...aliases] = [values].flat();
    return { value: i + 1, name, fileValue: fileValue!, ...(aliases.length > 0 ? { aliases } : {}) };
  });
}
