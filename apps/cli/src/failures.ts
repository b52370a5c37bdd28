/**
 * Failures that a user can mend, in words: our own errors, and what the operating system and libtorch say about disks,
 * folders and memory. Everything else is a bug of ours.
 */
import { MedsslError } from "@medssl/contract";

const GO_ON = "Then run the same command again; a training run goes on from its last checkpoint with --resume.";

/** What a person is told; undefined for a bug. */
export function failureOf(error: unknown): MedsslError | undefined {
  if (error instanceof MedsslError) return error;
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall, errcode } = error as NodeJS.ErrnoException & { errcode?: number };
  const where = path === undefined ? "" : `${path}: `;
  const failure = (message: string, hint: string) =>
    new MedsslError(code ?? "ERR_SYSTEM", `${where}${message}`, { hint, cause: error });
  if (code === "ERR_SQLITE_ERROR") return catalogFailure((errcode ?? 0) & 0xff, failure);
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return failure("the disk is full", `Free some space. ${GO_ON}`);
    case "EACCES":
    case "EPERM":
      return failure("no permission", "Give another folder, or change its permissions.");
    case "EROFS":
      return failure("the file system is read-only", "Give another folder, or mount it so that it can be written.");
    case "ENOTDIR":
    case "EEXIST":
      return failure("a file stands where a folder is needed", "Give another folder, or move the file away.");
    case "EISDIR":
      return failure("a folder stands where a file is needed", "Give another path, or move the folder away.");
    case "ENOENT":
      // What making a folder, with those above it, says on a disk that cannot be written.
      if (syscall === "mkdir") return failure("this folder cannot be made", "Give another place that can be written.");
      return failure("no such file or folder", "It was moved or deleted, or its name is another one.");
    case "EIO":
      return failure("the disk cannot be read or written", "Look at the system's log; the disk may be failing.");
    case "ERR_TORCH":
      if (!/out of memory|can't allocate memory|not enough memory/i.test(error.message)) return undefined;
      return failure(
        "Not enough memory for this step.",
        "Lower batchSize, inputSize or the encoder's size with --set.",
      );
    default:
      return undefined;
  }
}

/** What SQLite says about a store's catalog. @param result https://www.sqlite.org/rescode.html, the primary code */
function catalogFailure(
  result: number,
  failure: (message: string, hint: string) => MedsslError,
): MedsslError | undefined {
  switch (result) {
    case 13: // SQLITE_FULL
      return failure("the disk is full", `Free some space. ${GO_ON}`);
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return failure("The store cannot be written: no permission.", "Give another folder, or change its permissions.");
    case 10: // SQLITE_IOERR
      return failure("the disk cannot be read or written", "Look at the system's log; the disk may be failing.");
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return failure(
        "The store's catalog.sqlite is damaged.",
        "Delete the store's folder and ingest the images again.",
      );
    default:
      return undefined;
  }
}
