/**
 * ONNX Runtime in a browser: WebGPU where there is a graphics processor, else WebAssembly, in threads where the page may
 * share memory between them.
 *
 * Files    the runtime's own lie beside the worker's script; nothing comes from elsewhere.
 */
import { MedsslError } from "@medssl/contract";
import type { Network } from "../engine/network.ts";
import { sessionNetwork } from "../engine/session-network.ts";
import type { Platform } from "../worker/engine.ts";

const PIXELS_AT_ONCE = { wasm: 2 ** 16, webgpu: 2 ** 20 } as const;
/** More of them wait for one another than work. */
const MOST_THREADS = 16;

const NOT_ISOLATED =
  "One thread only: the page is not cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin " +
  "and Cross-Origin-Embedder-Policy: require-corp.";

export const openNetwork: Platform["openNetwork"] = async (onnx, { provider, threads }): Promise<Network> => {
  if (provider === "cpu") {
    throw new MedsslError("ERR_PROVIDER", "load: browsers run models on the provider webgpu or wasm, not on cpu", {
      hint: 'Leave the provider out, or give "wasm".',
    });
  }
  const gpu = provider === "wasm" ? "none" : await findGpu();
  if (provider === "webgpu" && gpu === "none") {
    throw new MedsslError("ERR_PROVIDER", "load: expected WebGPU, this browser has none on this machine", {
      hint: 'Leave the provider out: "auto" runs on WebAssembly where there is no WebGPU.',
    });
  }
  if (provider === "webgpu") return await open(onnx, "webgpu", threads, []);
  // What a processor pretends to be a graphics processor is slower than WebAssembly.
  if (gpu !== "real") return await open(onnx, "wasm", threads, []);
  try {
    return await open(onnx, "webgpu", threads, []);
  } catch (cause) {
    const note = `On WebAssembly: this browser's WebGPU refused the model (${(cause as Error).message}).`;
    return await open(onnx, "wasm", threads, [note]);
  }
};

async function open(
  onnx: Uint8Array,
  provider: "wasm" | "webgpu",
  threads: number | undefined,
  notes: readonly string[],
): Promise<Network> {
  const isIsolated = globalThis.crossOriginIsolated;
  const wanted = threads ?? Math.min(navigator.hardwareConcurrency, MOST_THREADS);
  const numThreads = isIsolated ? wanted : 1;
  const { env, InferenceSession, Tensor } = await loadRuntime(provider);
  env.wasm.wasmPaths = new URL("./", globalThis.location.href).href;
  env.wasm.numThreads = numThreads;
  env.logLevel = "error";
  const session = await InferenceSession.create(onnx, { executionProviders: [provider] });
  return sessionNetwork(session, Tensor, {
    provider,
    threads: numThreads,
    pixelsAtOnce: PIXELS_AT_ONCE[provider],
    notes: !isIsolated && wanted > 1 && provider === "wasm" ? [...notes, NOT_ISOLATED] : notes,
  });
}

/** Each has its own WebAssembly: only the one that is used is fetched. */
function loadRuntime(provider: "wasm" | "webgpu") {
  return provider === "wasm" ? import("onnxruntime-web/wasm") : import("onnxruntime-web/webgpu");
}

/** The part of WebGPU's interface that is asked. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null>;
}

async function findGpu(): Promise<"real" | "software" | "none"> {
  const { gpu } = navigator as Navigator & { readonly gpu?: Gpu };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return "none";
  return adapter.info?.isFallbackAdapter ? "software" : "real";
}
