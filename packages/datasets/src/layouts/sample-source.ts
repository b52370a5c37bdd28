/**
 * Miniatures of layouts for tests: folders of empty files with the right names, and what a layout lists of them.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after } from "node:test";
import type { Layout, ListOptions, MaskFile, SourceItem } from "./layout.ts";
import { SourceFolder } from "./source-folder.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-source-"));
after(() => rmSync(root, { recursive: true }));
let numSources = 0;

/** A new folder with these files: names of empty ones, or names with contents. Returns its path. */
export function sampleSource(...files: readonly (string | Readonly<Record<string, string | Uint8Array>>)[]): string {
  const folder = join(root, String(numSources++));
  mkdirSync(folder);
  const contents = Object.assign({}, ...files.map((file) => (typeof file === "string" ? { [file]: "" } : file)));
  for (const [name, content] of Object.entries<string | Uint8Array>(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Items by their keys, with paths below the folder, and the notes. */
export interface Listed {
  readonly items: Readonly<Record<string, Omit<SourceItem, "key">>>;
  readonly notes: readonly string[];
}

export async function listed(layout: Layout, path: string, options?: ListOptions): Promise<Listed> {
  const folder = new SourceFolder(path);
  const below = (file: string) => relative(folder.root, file).replaceAll("\\", "/");
  const items: Record<string, Omit<SourceItem, "key">> = {};
  const notes: string[] = [];
  for await (const entry of layout.list(folder, options)) {
    if ("note" in entry) {
      notes.push(entry.note);
      continue;
    }
    const { key, ...item } = entry;
    if (key in items) throw new Error(`the key ${key} comes twice`);
    const masks = item.masks?.map((mask): MaskFile => ({ ...mask, file: below(mask.file) }));
    const known = Object.entries({ ...item, masks }).filter(([, value]) => value !== undefined);
    items[key] = { ...Object.fromEntries(known), files: item.files.map(below) };
  }
  return { items, notes };
}

/** The names of masks of each item: `key: mask, mask`. */
export function pairs({ items }: Listed): string[] {
  return Object.entries(items).map(([key, { masks = [] }]) => `${key}: ${masks.map(({ file }) => file).join(", ")}`);
}

/** One field of every item, by key. */
export function field<Name extends keyof SourceItem>({ items }: Listed, name: Name): Record<string, SourceItem[Name]> {
  return Object.fromEntries(Object.entries(items).map(([key, item]) => [key, (item as SourceItem)[name]]));
}

export function recognizes(layout: Layout, path: string): boolean | Promise<boolean> {
  return layout.recognize(new SourceFolder(path));
}
