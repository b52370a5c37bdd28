/** An ingest as `medssl ingest` does it. */
import { ingest } from "@medssl/datasets";
import { serve } from "../contender.ts";

await serve({
  async ingest({ source, store, workers }: { source: string; store: string; workers: number }) {
    const cpuStart = process.cpuUsage();
    const { seconds, quarantined, cases } = await ingest([source], { store, workers }, () => {});
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds, cpuSeconds: (user + system) / 1e6, stored: cases, quarantined };
  },
});
