import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { replaceFile } from "@medssl/imaging";

export const writeJson = (path: string, value: unknown): void =>
  replaceFile(path, `${JSON.stringify(value, undefined, 2)}\n`);

/** Reads an object that `writeJson` wrote. @param hint What to do when it is damaged @throws {MedsslError} `ERR_STUDY_FILE` */
export function readJson(path: string, hint: string): object {
  const refuse = (what: string, cause?: unknown): never => {
    throw new MedsslError("ERR_STUDY_FILE", `${path} is damaged: ${what}`, { hint, cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    return refuse((cause as Error).message, cause);
  }
  return typeof value === "object" && value !== null ? value : refuse("expected a JSON object");
}
