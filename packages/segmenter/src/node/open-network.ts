/**
 * ONNX Runtime in Node.
 */
import { availableParallelism } from "node:os";
import { MedsslError } from "@medssl/contract";
import type { Network } from "../engine/network.ts";
import { sessionNetwork } from "../engine/session-network.ts";
import type { Platform } from "../worker/engine.ts";

const PIXELS_AT_ONCE = { cpu: 2 ** 16, webgpu: 2 ** 20 } as const;

export const openNetwork: Platform["openNetwork"] = async (onnx, { provider, threads }): Promise<Network> => {
  if (provider === "wasm") {
    throw new MedsslError("ERR_PROVIDER", "load: Node runs models on the provider cpu or webgpu, not on wasm", {
      hint: 'Leave the provider out, or give "cpu".',
    });
  }
  const { InferenceSession, Tensor } = await loadRuntime();
  const chosen = provider === "auto" ? "cpu" : provider;
  const numThreads = threads ?? availableParallelism();
  const session = await InferenceSession.create(onnx, {
    executionProviders: [chosen],
    intraOpNumThreads: numThreads,
    logSeverityLevel: 3,
  });
  return sessionNetwork(session, Tensor, {
    provider: chosen,
    threads: numThreads,
    pixelsAtOnce: PIXELS_AT_ONCE[chosen],
    notes: [],
  });
};

async function loadRuntime() {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new MedsslError("ERR_PROVIDER", `onnxruntime-node cannot be loaded (${(cause as Error).message})`, {
      hint: "Run `npm install` again on this machine: it has a library for each system.",
      cause,
    });
  }
}
