/** Whether a run that is gone on with is the one that was begun. */
import { MedsslError } from "@medssl/contract";

/**
 * @param what Where the earlier settings stand, for a person.
 * @throws {MedsslError} `ERR_RUN_SETTINGS` naming the first setting that differs.
 */
export function requireSameSettings(what: string, before: unknown, now: unknown): void {
  const [old, wanted] = [new Map(flatten(before)), new Map(flatten(now))];
  const changed = [...new Set([...wanted.keys(), ...old.keys()])].find((path) => old.get(path) !== wanted.get(path));
  if (changed === undefined) return;
  const [was, is] = [old.get(changed) ?? "not set", wanted.get(changed) ?? "not set"];
  throw new MedsslError("ERR_RUN_SETTINGS", `${what} was written by a run with other settings or other data.`, {
    hint: `${changed} was ${was} and is ${is} now. Use the same settings and stores, or another --out.`,
  });
}

/** The leaves of nested settings as [path, JSON]. */
function flatten(value: unknown, path = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, item]) => flatten(item, path === "" ? key : `${path}.${key}`));
}
