import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { replaceFile } from "../training/replace-file.ts";

export const writeJson = (path: string, value: unknown): void =>
  replaceFile(path, `${JSON.stringify(value, undefined, 2)}\n`);

/** @throws {MedsslError} `ERR_STUDY_FILE` */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new MedsslError("ERR_STUDY_FILE", `${path} is damaged: ${(cause as Error).message}`, {
      hint: "Delete it; the study makes it again.",
      cause,
    });
  }
}
