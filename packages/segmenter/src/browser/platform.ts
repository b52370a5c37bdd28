/**
 * Files, images and ONNX Runtime in a browser.
 */
import { decodeScan } from "@medssl/imaging";
import type { Platform } from "../worker/engine.ts";
import { fetchFile, fetchImage } from "../worker/model-files.ts";
import { openNetwork } from "./open-network.ts";

export const browserPlatform: Platform = {
  openNetwork,
  readFile: fetchFile,
  decode: decodeScan,
  readScan: async (address) => await decodeScan(await fetchImage(address), address),
  pause: () =>
    new Promise((resolve) => {
      // Unlike a timer's, its turn comes at once.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }),
};
