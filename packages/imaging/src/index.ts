export * from "./browser.ts";
export * from "./node/fetch-study.ts";
export * from "./node/indexed-png.ts";
export * from "./node/read-image.ts";
export * from "./node/read-nifti.ts";
export * from "./node/read-scan.ts";
// In the place of a browser's.
export { decodeScan } from "./node/read-scan.ts";
export * from "./node/replace-file.ts";
export * from "./node/serve-jobs.ts";
export * from "./node/worker-pool.ts";
export * from "./node/write-jpeg.ts";
export * from "./node/write-nifti.ts";
export * from "./node/write-png.ts";
