/**
 * The folder of an exported model: its card, and the files that the card names, each checked by its hash before use.
 *
 * Errors   `ERR_MODEL_FILE` (missing, cut short or altered), `ERR_MODEL_CARD`, `ERR_MODEL_VERSION`, `ERR_MODEL_PRECISION`
 */
import { MedsslError, type ModelCard, parseModelCard, type WeightPrecision } from "@medssl/contract";

/**
 * Reads a file; undefined where there is none.
 *
 * @param onBytes Called with what has come so far.
 */
export type ReadFile = (
  address: string,
  onBytes: (numBytes: number) => void,
) => Promise<Uint8Array<ArrayBuffer> | undefined>;

export interface ModelFiles {
  readonly card: ModelCard;
  readonly precision: WeightPrecision;
  /** The network, as ONNX. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Of the network, for messages. */
  readonly onnxAddress: string;
}

const COPY_AGAIN = "Copy the folder of the model again from where it came from, or export the model again.";

/** @param source The folder, or its model.json. @param onProgress Bytes of the network that were read, and all. */
export async function readModelFiles(
  source: string,
  wanted: WeightPrecision | undefined,
  read: ReadFile,
  onProgress: (done: number, total: number) => void,
): Promise<ModelFiles> {
  const folder = source.replace(/\/?model\.json$/, "").replace(/\/$/, "");
  const addressOf = (file: string) => (folder === "" ? file : `${folder}/${file}`);
  const text = await read(addressOf("model.json"), () => {});
  if (text === undefined) {
    throw new MedsslError(
      "ERR_MODEL_FILE",
      `${folder || "."}: expected the folder of an exported model, found no model.json`,
      {
        hint: "Give the folder that was --out of `medssl export`.",
      },
    );
  }
  const card = parseModelCard(new TextDecoder().decode(text), addressOf("model.json"));
  const { file, precision } = weightsOf(card, wanted, addressOf("model.json"));
  const expected = card.files[file];
  const address = addressOf(file);
  if (expected === undefined) {
    throw new MedsslError("ERR_MODEL_CARD", `${addressOf("model.json")}: damaged: says no hash of ${file}`, {
      hint: COPY_AGAIN,
    });
  }
  const onnx = await read(address, (numBytes) => onProgress(Math.min(numBytes, expected.bytes), expected.bytes));
  if (onnx === undefined) {
    throw new MedsslError("ERR_MODEL_FILE", `${address}: is missing, the model cannot be used without it`, {
      hint: COPY_AGAIN,
    });
  }
  await checkFile(onnx, expected, address);
  return { card, precision, onnx, onnxAddress: address };
}

function weightsOf({ weights }: ModelCard, wanted: WeightPrecision | undefined, address: string) {
  const found = weights.find(({ precision }) => precision === (wanted ?? "fp32")) ?? (wanted ? undefined : weights[0]);
  if (found !== undefined) return found;
  const there = weights.map(({ precision }) => precision).join(", ");
  throw new MedsslError("ERR_MODEL_PRECISION", `${address}: expected weights of ${wanted}, there are ${there}`, {
    hint: `Choose one of these, or export the model again with --precision ${wanted}.`,
  });
}

async function checkFile(
  bytes: Uint8Array<ArrayBuffer>,
  expected: { readonly sha256: string; readonly bytes: number },
  address: string,
): Promise<void> {
  if (bytes.length !== expected.bytes) {
    throw new MedsslError(
      "ERR_MODEL_FILE",
      `${address}: was altered or cut short: expected ${expected.bytes} bytes, got ${bytes.length}`,
      { hint: COPY_AGAIN },
    );
  }
  if (globalThis.crypto?.subtle === undefined) {
    throw new MedsslError(
      "ERR_MODEL_INSECURE_PAGE",
      `${address}: cannot be checked, browsers hash on secure pages only`,
      {
        hint: "Serve the page by https, or from localhost.",
      },
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const got = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (got === expected.sha256) return;
  throw new MedsslError(
    "ERR_MODEL_FILE",
    `${address}: was altered: expected the SHA-256 ${expected.sha256}, got ${got}`,
    { hint: COPY_AGAIN },
  );
}

/** @throws {MedsslError} `code`: no connection, or a server that refuses */
export async function fetchFile(
  address: string,
  onBytes: (numBytes: number) => void,
  code = "ERR_MODEL_FILE",
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const response = await fetch(address);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
    const chunks: Uint8Array[] = [];
    let numBytes = 0;
    for await (const chunk of chunksOf(response)) {
      chunks.push(chunk);
      numBytes += chunk.length;
      onBytes(numBytes);
    }
    const whole = new Uint8Array(numBytes);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  } catch (cause) {
    throw new MedsslError(code, `${address}: cannot be fetched (${(cause as Error).message})`, {
      hint: "Check the address and the connection, then try again.",
      cause,
    });
  }
}

/** An image's bytes. @throws {MedsslError} `ERR_IMAGE_READ` */
export async function fetchImage(address: string): Promise<Uint8Array> {
  const bytes = await fetchFile(address, () => {}, "ERR_IMAGE_READ");
  if (bytes !== undefined) return bytes;
  throw new MedsslError("ERR_IMAGE_READ", `${address}: there is no such image`);
}

/** By a reader: not every browser iterates over streams. */
async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return;
    yield next.value;
  }
}
