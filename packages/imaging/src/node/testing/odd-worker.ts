import { setTimeout as sleep } from "node:timers/promises";
import { MedsslError } from "@medssl/contract";
import { serveJobs } from "../serve-jobs.ts";

/** A job for the tests of the pool: what the worker is to do with `value`. */
export interface OddJob {
  readonly act: "double" | "refuse" | "stumble" | "hang" | "sleep" | "exit" | "eat" | "answer and exit" | "crash later";
  readonly value: number;
  /** Whatever lies in it. */
  readonly luggage?: ArrayBuffer;
}

/** The doubled value, in a buffer of its own. */
export type OddResult = Float64Array<ArrayBuffer>;

serveJobs(
  async ({ act, value }: OddJob): Promise<OddResult> => {
    switch (act) {
      case "refuse":
        throw new MedsslError("ERR_ODD", `${value}: expected an even number`, { hint: "Double it." });
      case "stumble":
        throw new TypeError(`bug at ${value}`);
      case "hang":
        for (;;);
      case "sleep":
        await sleep(value);
        break;
      case "exit":
        process.exit(3);
        break;
      case "eat": {
        const eaten: number[][] = [];
        for (;;) eaten.push(Array.from({ length: 10_000 }, Math.random));
      }
      case "answer and exit":
        setImmediate(() => process.exit(4));
        break;
      case "crash later":
        setImmediate(() => {
          throw new Error("too late");
        });
        await sleep(1000);
    }
    return Float64Array.of(value * 2);
  },
  ({ buffer }) => [buffer],
);
