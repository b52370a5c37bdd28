/**
 * The one error that a user is meant to read.
 *
 * Expected failures (a wrong option, a broken file, a missing library) throw it: the command line prints message and
 * hint and ends with exit code 1. Anything else that is thrown is a bug of ours and keeps its stack trace.
 */
export class MedsslError extends Error {
  /** Stable name of the failure, such as `ERR_STORE_EMPTY`: what tests and programs compare. */
  readonly code: string;
  /** What to do about it, in a sentence or two. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "MedsslError";
    this.code = code;
    this.hint = options.hint;
  }
}
