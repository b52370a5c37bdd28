// The entry: all that is exported to TypeScript.
export { unstuff, stoppedAt } from "./unstuff";
export { beginSegment, consumedBits } from "./bit-reader";
export { decodeSequential } from "./sequential";
export { decodeDcFirst, decodeDcRefinement, decodeAcFirst, decodeAcRefinement, beginProgressive } from "./progressive";
export { transformPlane } from "./transform-plane";
export { removeFilters, swapPairs } from "./png-filters";
export { bitsOf16, measure8, measure16, sumCells } from "./measure";
export {
  lookUp16,
  resizeColumns8,
  resizeColumns16,
  resizeColumns16s,
  resizeRows8,
  resizeRows16,
  resizeRows16s,
} from "./resize";
