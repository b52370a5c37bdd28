/**
 * The import statements of this repository, as a program reads them, and the rules of the architecture about them.
 *
 * npm hoists every workspace into one node_modules, so nothing but this keeps a package from importing upwards.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** One import statement: who, what, and whether it is there at run time (not `import type`). */
export interface Import {
  /** Path from the repository's root. */
  readonly file: string;
  readonly specifier: string;
  readonly isRuntime: boolean;
}

/** Rooms in their order: a room imports from the packages named here and from nothing else of ours. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  "packages/contract": [],
  "packages/torch": ["contract"],
  "packages/imaging": ["contract"],
  "packages/datasets": ["imaging", "contract"],
  "packages/learn": ["torch", "datasets", "imaging", "contract"],
  "packages/segmenter": ["imaging", "contract"],
  "apps/cli": ["learn", "segmenter", "datasets", "imaging", "torch", "contract"],
  "apps/server": ["learn", "segmenter", "datasets", "imaging", "torch", "contract"],
  "apps/studio": ["segmenter", "imaging", "contract"],
  benchmarks: ["learn", "segmenter", "datasets", "imaging", "torch", "contract"],
  examples: ["learn", "segmenter", "datasets", "imaging", "torch", "contract"],
  tests: ["learn", "segmenter", "datasets", "imaging", "torch", "contract"],
  scripts: [],
  "scripts/*.ts": ["learn", "segmenter", "datasets", "imaging", "contract"],
};

/** Folders beside a room's own that it may reach by path: the command line shares what set-up knows of the machine. */
const sharedFolders: Readonly<Record<string, readonly string[]>> = {
  "apps/cli": ["scripts"],
  tests: ["scripts", "scripts/*.ts"],
};

/** Lists the source files of every room, as paths from `root`. */
export function sourceFiles(root: string): string[] {
  return ["packages", "apps", "benchmarks", "examples", "tests", "scripts"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|fixtures|build|dist)\//.test(file));
}

/** Finds the imports in a file's text. Statements begin a line, so examples in comments (` * import ...`) are not met. */
export function importsOf(file: string, text: string): Import[] {
  const imports: Import[] = [];
  const statement = /^\s*(?:import|export)\s+(type\s)?[^;"'`]*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']/gm;
  for (const [, type, from, bare] of text.matchAll(statement)) {
    imports.push({ file, specifier: from ?? bare ?? "", isRuntime: type === undefined });
  }
  // `await import("x")` runs later, which is what a cycle is allowed to do.
  for (const [, specifier = ""] of text.matchAll(/\bimport\(\s*["']([^"']+)["']/g)) {
    imports.push({ file, specifier, isRuntime: false });
  }
  return imports;
}

export function readImports(root: string): Import[] {
  return sourceFiles(root).flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
}

/** Says in a sentence which rule an import breaks; undefined where it breaks none. */
export function violation({ file, specifier }: Import): string | undefined {
  const room = roomOf(file);
  const allowed = allowedImports[room];
  if (allowed === undefined) return `${file}: ${room} has no place in the architecture's order (tests/import-graph.ts)`;
  if (specifier.startsWith("@medssl/")) {
    const [, name = "", ...deeper] = specifier.split("/");
    if (deeper.length > 0) return `${file}: "${specifier}" reaches into a package; import "@medssl/${name}"`;
    if (!allowed.includes(name)) return `${file}: ${room} may not import "${specifier}"`;
  } else if (specifier.startsWith(".")) {
    const target = roomOf(join(dirname(file), specifier));
    if (target !== room && !sharedFolders[room]?.includes(target)) {
      return `${file}: "${specifier}" leaves ${room}; import a package by its name`;
    }
  } else if (room === "packages/contract" && specifier !== "zod" && !isTest(file)) {
    return `${file}: packages/contract imports zod and nothing else, got "${specifier}"`;
  } else if (room === "scripts" && !specifier.startsWith("node:") && !isTest(file)) {
    return `${file}: set-up runs before anything is installed, but imports "${specifier}"`;
  }
  return undefined;
}

/** Finds a circle of files that import each other when they are loaded; undefined where there is none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const { file, specifier, isRuntime } of imports) {
    if (!isRuntime || !specifier.startsWith(".")) continue;
    targets.set(file, [...(targets.get(file) ?? []), join(dirname(file), specifier)]);
  }
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/**
 * "packages/learn" of "packages/learn/src/index.ts", "scripts" of "scripts/setup/x.mjs". Set-up is .mjs, for any Node;
 * scripts in TypeScript come after it.
 */
function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  if (first === "scripts" && file.endsWith(".ts") && !isTest(file)) return "scripts/*.ts";
  return first === "packages" || first === "apps" ? `${first}/${second}` : first;
}

const isTest = (file: string) => file.endsWith(".test.ts");
