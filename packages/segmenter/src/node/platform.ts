/**
 * Files, images and ONNX Runtime in Node.
 */
import { readFile } from "node:fs/promises";
import { MedsslError } from "@medssl/contract";
import { decodeScan, readScan } from "@medssl/imaging";
import type { Platform } from "../worker/engine.ts";
import { fetchFile, fetchImage } from "../worker/model-files.ts";
import { openNetwork } from "./open-network.ts";

export const nodePlatform: Platform = {
  openNetwork,
  readFile: async (address, onBytes) => {
    if (isOfWeb(address)) return await fetchFile(address, onBytes);
    try {
      const bytes = new Uint8Array(await readFile(address));
      onBytes(bytes.length);
      return bytes;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw new MedsslError("ERR_MODEL_FILE", `${address}: cannot be read (${message})`, { cause });
    }
  },
  decode: decodeScan,
  readScan: async (address) =>
    isOfWeb(address) ? await decodeScan(await fetchImage(address), address) : await readScan(address),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};

const isOfWeb = (address: string) => /^https?:/i.test(address);
