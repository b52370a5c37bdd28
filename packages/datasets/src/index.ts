export * from "./random.ts";
export * from "./splits.ts";
export * from "./store.ts";
