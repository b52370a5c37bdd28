export * from "./errors.ts";
export * from "./run-events.ts";
export type * from "./study.ts";
