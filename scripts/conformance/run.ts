/**
 * `npm run conformance -- NAME...`: our readers and writers against the Python libraries of the field, on those libraries' own test
 * files; without a name, all of them. Ends with exit code 1 where a file differs that is not known to.
 *
 * No part of `npm test`: it needs the Python packages that each suite's .py names in its header.
 */
import { run as dicom } from "./dicom.ts";
import { run as nifti } from "./nifti.ts";
import { run as tensorboard } from "./tensorboard.ts";
import { run as viewer } from "./viewer/viewer.ts";

export interface ConformanceResult {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Sentences: what differs. */
  readonly exceptions: readonly string[];
  /** Sentences: what differs and may, and what was not compared. */
  readonly notes?: readonly string[];
}

const suites: Readonly<Record<string, () => Promise<ConformanceResult>>> = { dicom, nifti, tensorboard, viewer };

const names = process.argv.slice(2);
const unknown = names.find((name) => suites[name] === undefined);
if (unknown !== undefined) {
  console.error(`No suite "${unknown}": there are ${Object.keys(suites).join(", ")}.`);
  process.exit(1);
}
for (const name of names.length > 0 ? names : Object.keys(suites)) {
  const { rows, exceptions, notes = [] } = await suites[name]!();
  console.log(`\n${name}`);
  console.table(rows);
  for (const note of notes) console.log(note);
  for (const exception of exceptions) console.log(`DIFFERS ${exception}`);
  if (exceptions.length > 0) process.exitCode = 1;
}
