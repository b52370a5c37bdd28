/**
 * Files, images and ONNX Runtime in a browser.
 */
import { MedsslError } from "@medssl/contract";
import { decodeScan } from "@medssl/imaging";
import type { Platform } from "../worker/engine.ts";
import { fetchFile } from "../worker/model-files.ts";
import { openNetwork } from "./open-network.ts";

export const browserPlatform: Platform = {
  openNetwork,
  readFile: fetchFile,
  decode: decodeScan,
  readScan: async (address) => {
    const bytes = await fetchFile(address, () => {});
    if (bytes !== undefined) return await decodeScan(bytes, address);
    throw new MedsslError("ERR_IMAGE_READ", `${address}: there is no such image`);
  },
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
