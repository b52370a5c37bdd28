// All blocks of a component of a progressive picture, once their coefficients are complete.

import { Component, STEPS_IN_ROWS } from "./component";
import { transformBlock } from "./transform";

/** The coefficients are 0 afterwards. @param blockRows Rows of blocks. */
export function transformPlane(component: Component, blockRows: u32): void {
  const steps = component.steps + STEPS_IN_ROWS;
  let block = component.coefficients;
  for (let y: u32 = 0; y < blockRows; y++) {
    let to = component.plane + y * component.stride * 8;
    for (let x: u32 = 0; x < component.blocksInRow; x++, block += 128, to += 8) {
      for (let i: usize = 0; i < 128; i += 16) {
        v128.store(block + i, i16x8.mul(v128.load(block + i), v128.load(steps + i)));
      }
      transformBlock(block, 64, to, component.stride);
    }
  }
}
