/** What Node has, beside what browsers have as well. */
export * from "./index.ts";
export { openNetwork } from "./node/open-network.ts";
export { type ModelCheck, type Verification, verifyModel } from "./verify.ts";
