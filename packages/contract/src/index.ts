export * from "./errors.ts";
export * from "./recipes.ts";
export * from "./run-events.ts";
export type * from "./study.ts";
