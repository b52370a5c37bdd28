/**
 * One set-up at a time in a folder: `npm test` beside `npm run quickstart`, or two clones that share the user's cache.
 */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const TOUCH_MS = 2000;
/** A lock that nobody touched for so long belongs to a process that is gone, perhaps on another machine. */
const STALE_MS = 10_000;

/**
 * Waits until the folder is free, and holds it while `work` goes on.
 * @template T
 * @param {string} folder
 * @param {(text: string) => void} note
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, note, work) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lock");
  let isTold = false;
  while (!take(file)) {
    if (isStale(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!isTold) note(`another set-up is at work in ${folder}: waiting for it`);
    isTold = true;
    await sleep(500);
  }
  const timer = setInterval(() => utimesSync(file, new Date(), new Date()), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.pid }), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} file */
function isStale(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return true;
    const { host, pid } = JSON.parse(readFileSync(file, "utf8"));
    return host === hostname() && !isAlive(pid);
  } catch {
    return false; // released or being written at this moment: ask again
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
