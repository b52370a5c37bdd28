/**
 * What goes wrong between us and an archive, in words; and whether it is worth another try.
 *
 * ERR_PACS_UNREACHABLE   refused, no such host, no way there          tried again, but for an unknown host
 * ERR_PACS_TIMEOUT       no answer, or an answer that came to a halt  tried again
 * ERR_PACS_BROKEN_OFF    the connection ended before the answer did   tried again
 * ERR_PACS_BUSY          408, 429, 502, 503, 504                      tried again, when the archive says (Retry-After)
 * ERR_PACS_TLS           a certificate that cannot be trusted         never
 * ERR_PACS_AUTH          401, 403                                     never
 * ERR_PACS_NOT_FOUND     404, 410                                     never
 * ERR_PACS_ANSWER        any other answer than the one expected       never
 */

import { MedsslError } from "@medssl/contract";

export class PacsFailure extends MedsslError {
  /** Another try may help. */
  readonly isTransient: boolean;
  /** How long the archive wants to be left alone. */
  readonly pauseMs: number | undefined;

  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(code, message, options);
    this.isTransient = options.isTransient ?? false;
    this.pauseMs = options.pauseMs;
  }
}

interface FailureOptions {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly isTransient?: boolean;
  readonly pauseMs?: number | undefined;
}

const LOGIN =
  "Give a bearer token with --pacs-token-file FILE or MEDSSL_PACS_TOKEN, or a user with MEDSSL_PACS_USER and" +
  " MEDSSL_PACS_PASSWORD.";

/** @param request Method and address, such as "GET https://pacs/dicom-web/studies". */
export function timeout(request: string, what: string, seconds: number): PacsFailure {
  return new PacsFailure("ERR_PACS_TIMEOUT", `${request}: ${what} within ${seconds} s`, {
    hint: "The archive is slow or hangs. Try again later; --pacs-timeout gives it longer.",
    isTransient: true,
  });
}

/** The answer to `request` was left, since it came faster than it could be read. */
export function tooFarAhead(request: string, maxWaitingBytes: number): PacsFailure {
  const megabytes = Math.round(maxWaitingBytes / 1e6);
  return new PacsFailure(
    "ERR_PACS_BROKEN_OFF",
    `${request}: left, since more than ${megabytes} MB came that could not be read in time`,
    { hint: "Fetch less at a time." },
  );
}

/** What a status that is no success means. @param text The beginning of the answer. */
export function statusFailure(request: string, response: Response, text: string, hasLogin: boolean): PacsFailure {
  const { status } = response;
  const remark = remarkOf(text);
  const said = `${request}: the archive answered ${status}${remark === "" ? "" : ` (${remark})`}`;
  switch (status) {
    case 401:
    case 403:
      return new PacsFailure(
        "ERR_PACS_AUTH",
        `${said}: ${hasLogin ? "this login is not accepted" : "it wants a login"}`,
        {
          hint: hasLogin ? "Check the token, or user and password, and what this user may do in the archive." : LOGIN,
        },
      );
    case 404:
    case 410:
      return new PacsFailure("ERR_PACS_NOT_FOUND", `${said}: it has nothing there`, {
        hint: "Check the UIDs and the path of the DICOMweb service, such as /dicom-web (Orthanc), /dcm4chee-arc/aets/AET/rs.",
      });
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return new PacsFailure("ERR_PACS_BUSY", `${said}: it is busy or being restarted`, {
        hint: "Try again later.",
        isTransient: true,
        pauseMs: retryAfterMs(response.headers.get("retry-after")),
      });
    case 413:
      return new PacsFailure("ERR_PACS_ANSWER", `${said}: the file is too large for it`, {
        hint: "Raise the limit of the archive, or of the proxy in front of it.",
      });
    default: {
      const isElsewhere = status >= 300 && status < 400;
      const isHere = status >= 500;
      return new PacsFailure("ERR_PACS_ANSWER", isElsewhere ? `${said}: it sends us elsewhere` : said, {
        hint: isElsewhere
          ? `Give the address of the DICOMweb service itself${elsewhere(response)}.`
          : isHere
            ? "The archive's own log says what happened there."
            : "Is this the address of the DICOMweb service, and does it offer what was asked for?",
      });
    }
  }
}

/** Where an answer points, without what may be secret in it. */
function elsewhere(response: Response): string {
  const url = URL.parse(response.headers.get("location") ?? "", response.url);
  return url === null ? "" : `; this one points to ${url.origin}${url.pathname}`;
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}

/** The first words of an answer that is text: an archive's own explanation. */
function remarkOf(text: string): string {
  const message = /"(?:Details|errorMessage|message|Message|error)"\s*:\s*"([^"]{1,200})"/.exec(text)?.[1];
  if (message !== undefined) return message;
  return /^\s*[<{[]/.test(text) ? "" : text.replace(/\s+/g, " ").trim().slice(0, 120);
}

/** What `fetch` threw, by what stands behind it. */
export function networkFailure(request: string, error: unknown): PacsFailure {
  const { code, message } = rootOf(error);
  const because = code === undefined ? message : `${code}: ${message}`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code ?? "")) {
    return new PacsFailure("ERR_PACS_TLS", `${request}: the archive's certificate is not trusted (${because})`, {
      hint:
        code === "ERR_TLS_CERT_ALTNAME_INVALID"
          ? "The certificate is for another host name: use the one that it names."
          : "Give the certificate of the authority that signed it: --pacs-ca FILE (PEM).",
      cause: error,
    });
  }
  if (/^(EPROTO|ERR_SSL_)/.test(code ?? "")) {
    return new PacsFailure("ERR_PACS_TLS", `${request}: no TLS at this port (${because})`, {
      hint: "Is this a plain http service? Then write http:// or dicomweb+http://; else check the port.",
      cause: error,
    });
  }
  if (code === "ENOTFOUND") {
    return new PacsFailure("ERR_PACS_UNREACHABLE", `${request}: no such host (${because})`, {
      hint: "Check the name of the host.",
      cause: error,
    });
  }
  if (/^(UND_ERR_SOCKET|ECONNRESET|EPIPE|UND_ERR_(BODY|RES|HEADERS)|HPE_)/.test(code ?? "")) {
    return new PacsFailure("ERR_PACS_BROKEN_OFF", `${request}: the connection broke off (${because})`, {
      hint: "Try again later; if it happens at once, check whether this port wants https.",
      isTransient: true,
      cause: error,
    });
  }
  return new PacsFailure("ERR_PACS_UNREACHABLE", `${request}: the archive cannot be reached (${because})`, {
    hint: "Is it running, are host and port right, and does a firewall or (in a browser) a missing CORS header stand between?",
    isTransient: true,
    cause: error,
  });
}

/** The first error with a code behind an error, else the error. */
function rootOf(error: unknown): { readonly code?: string; readonly message: string } {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // A host with several addresses has an error for each.
    const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
    if (inner instanceof Error && "code" in inner && typeof inner.code === "string") {
      return { code: inner.code, message: inner.message };
    }
  }
  return { message: error instanceof Error ? error.message : String(error) };
}
