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
  const card = await readCard(folder, read);
  const { file, precision } = weightsOf(card, wanted, addressIn(folder, "model.json"));
  const checked = await checkModelFile(folder, card, file, read, onProgress);
  const { address, fault } = checked;
  if (fault !== undefined) throw new MedsslError(fault.code, fault.message, { hint: COPY_AGAIN });
  return { card, precision, onnx: checked.bytes, onnxAddress: address };
}

const addressIn = (folder: string, file: string) => (folder === "" ? file : `${folder}/${file}`);

/** @throws {MedsslError} `ERR_MODEL_FILE` without one, `ERR_MODEL_CARD`, `ERR_MODEL_VERSION` */
export async function readCard(folder: string, read: ReadFile): Promise<ModelCard> {
  const address = addressIn(folder, "model.json");
  const text = await read(address, () => {});
  if (text !== undefined) return parseModelCard(new TextDecoder().decode(text), address);
  const message = `${folder || "."}: expected the folder of an exported model, found no model.json`;
  throw new MedsslError("ERR_MODEL_FILE", message, { hint: "Give the folder that was --out of `medssl export`." });
}

/** What is wrong with a file of a model. */
export interface FileFault {
  readonly code: "ERR_MODEL_FILE" | "ERR_MODEL_CARD";
  /** In a word or two. */
  readonly found: string;
  readonly message: string;
}

export type CheckedFile = { readonly address: string } & (
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly fault?: undefined }
  | { readonly fault: FileFault }
);

/**
 * Reads a file that the card names, and says whether it is what was exported.
 *
 * @throws {MedsslError} what keeps it from being read or hashed at all
 */
export async function checkModelFile(
  folder: string,
  { files }: Pick<ModelCard, "files">,
  file: string,
  read: ReadFile,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CheckedFile> {
  const address = addressIn(folder, file);
  const expected = files[file];
  if (expected === undefined) {
    const message = `${addressIn(folder, "model.json")}: damaged: says no hash of ${file}`;
    return { address, fault: { code: "ERR_MODEL_CARD", found: "no hash", message } };
  }
  const faulty = (found: string, text: string): CheckedFile => ({
    address,
    fault: { code: "ERR_MODEL_FILE", found, message: `${address}: ${text}` },
  });
  const bytes = await read(address, (numBytes) => onProgress(Math.min(numBytes, expected.bytes), expected.bytes));
  if (bytes === undefined) return faulty("missing", "is missing, the model cannot be used without it");
  if (bytes.length !== expected.bytes) {
    const text = `was altered or cut short: expected ${expected.bytes} bytes, got ${bytes.length}`;
    return faulty(`${bytes.length} bytes`, text);
  }
  const hash = await sha256(bytes, address);
  if (hash === expected.sha256) return { address, bytes };
  return faulty("altered", `was altered: expected the SHA-256 ${expected.sha256}, got ${hash}`);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>, address: string): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new MedsslError(
      "ERR_MODEL_INSECURE_PAGE",
      `${address}: cannot be checked, browsers hash on secure pages only`,
      { hint: "Serve the page by https, or from localhost." },
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function weightsOf({ weights }: ModelCard, wanted: WeightPrecision | undefined, address: string) {
  const found = weights.find(({ precision }) => precision === (wanted ?? "fp32")) ?? (wanted ? undefined : weights[0]);
  if (found !== undefined) return found;
  const there = weights.map(({ precision }) => precision).join(", ");
  throw new MedsslError("ERR_MODEL_PRECISION", `${address}: expected weights of ${wanted}, there are ${there}`, {
    hint: `Choose one of these, or export the model again with --precision ${wanted}.`,
  });
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
