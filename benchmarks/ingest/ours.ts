/** An ingest as `medssl ingest` does it. */
import { ingest } from "@medssl/datasets";
import { serve } from "../contender.ts";

await serve({
  async ingest({ source, store, workers }: { source: string; store: string; workers: number }) {
    const { seconds, quarantined, cases } = await ingest([source], { store, workers }, () => {});
    return { seconds, stored: cases, quarantined };
  },
});
