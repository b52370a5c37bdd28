/**
 * Options of every command that talks to a picture archive (PACS), and the client that they make.
 *
 * Secrets   a token comes from a file or the environment, a password from the environment: never from the command line,
 *           which others on the machine can read.
 * TLS       `--pacs-ca` adds an authority to those that are trusted. Nothing turns the check off.
 */
import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { DicomwebClient, PacsConnectionOptions, PacsFilters } from "@medssl/imaging";
import { type Command, InvalidArgumentError } from "commander";
import { integerFrom } from "./option-values.ts";

export interface PacsOptions {
  readonly pacsTokenFile?: string;
  readonly pacsCa?: string;
  readonly pacsTimeout?: number;
}

export const PACS_HELP = `
Login to a PACS: --pacs-token-file FILE or MEDSSL_PACS_TOKEN for a bearer token, else MEDSSL_PACS_USER and
MEDSSL_PACS_PASSWORD. An address with user and password in it is refused.`;

export function withPacsOptions(command: Command): Command {
  return command
    .option("--pacs-token-file <file>", "bearer token of the PACS, read again at every request")
    .option(
      "--pacs-ca <file>",
      "PEM certificates of the authority that signed the PACS's, trusted beside the usual ones",
    )
    .option(
      "--pacs-timeout <seconds>",
      "how long the PACS may be silent (default: 60 before an answer, 30 within one)",
      integerFrom(1, 3600),
    );
}

/**
 * @param baseUrl Of the service, as `parsePacsAddress` gives it.
 * @param listen Told of further tries, and of what the user should know.
 * @throws {MedsslError} `ERR_PACS_LOGIN`, `ERR_PACS_CA`
 */
export async function pacsClient(baseUrl: string, options: PacsOptions, listen: RunListener): Promise<DicomwebClient> {
  const { DicomwebClient, isLoopback } = await import("@medssl/imaging");
  const { pacsCa, pacsTimeout } = options;
  if (pacsCa !== undefined) await trust(pacsCa);
  const authorization = await loginOf(options);
  if (authorization !== undefined && baseUrl.startsWith("http:") && !isLoopback(baseUrl)) {
    const message = `${baseUrl}: the login and the images go over the network unencrypted; use https where there is one`;
    listen({ type: "note", level: "warning", message });
  }
  const timeoutMs = pacsTimeout === undefined ? undefined : pacsTimeout * 1000;
  return new DicomwebClient(baseUrl, {
    authorization,
    listen,
    ...(timeoutMs === undefined ? {} : { answerTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs }),
  });
}

/** "ModalitiesInStudy=DX,StudyDate=20240101-": by keyword or tag. */
export function parsePacsQuery(text: string): PacsFilters {
  // A comma inside a value is followed by no keyword.
  const pairs = text.split(/,(?=\s*\w+=)/).map((pair) => /^\s*(\w+)=(.+)$/.exec(pair));
  if (pairs.includes(null)) {
    throw new InvalidArgumentError(
      "Expected KEYWORD=VALUE,..., such as ModalitiesInStudy=DX,StudyDate=20240101-20241231.",
    );
  }
  return Object.fromEntries(pairs.map((pair) => [pair![1], pair![2]!.trim()]));
}

async function loginOf({ pacsTokenFile: file }: PacsOptions): Promise<PacsConnectionOptions["authorization"]> {
  if (file !== undefined) {
    const readToken = async () => `Bearer ${checkedToken(await textOf(file, "ERR_PACS_LOGIN"), file)}`;
    await readToken();
    return readToken;
  }
  const { MEDSSL_PACS_TOKEN: token, MEDSSL_PACS_USER: user, MEDSSL_PACS_PASSWORD: password } = process.env;
  if (token) {
    const header = `Bearer ${checkedToken(token, "MEDSSL_PACS_TOKEN")}`;
    return () => header;
  }
  if (!user && !password) return undefined;
  if (!user || !password) {
    const missing = user ? "MEDSSL_PACS_PASSWORD" : "MEDSSL_PACS_USER";
    throw new MedsslError(
      "ERR_PACS_LOGIN",
      `expected both MEDSSL_PACS_USER and MEDSSL_PACS_PASSWORD, ${missing} is not set`,
    );
  }
  const { basicAuthorization } = await import("@medssl/imaging");
  const header = basicAuthorization(user, password);
  return () => header;
}

/** What may stand in a header; never shown. */
function checkedToken(text: string, place: string): string {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new MedsslError("ERR_PACS_LOGIN", `${place}: expected a bearer token, one line without blanks`);
}

async function trust(file: string): Promise<void> {
  const text = await textOf(file, "ERR_PACS_CA");
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    if (certificates.length === 0) throw new Error("none in it");
    setDefaultCACertificates([...getCACertificates("default"), ...certificates]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MedsslError("ERR_PACS_CA", `--pacs-ca ${file}: expected certificates as PEM (${why})`, {
      hint: "openssl x509 -inform der -in FILE -out FILE.pem makes PEM of the other form.",
      cause,
    });
  }
}

async function textOf(file: string, code: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MedsslError(code, `${file}: cannot be read (${why})`, { cause });
  }
}
