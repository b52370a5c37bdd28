/** `ours.ts SOURCE STORE RECIPE WORKERS`: an ingest as `medssl ingest` does it; it finds the recipe by itself. */
import { ingest } from "@medssl/datasets";

const [source, store, , workers] = process.argv.slice(2) as [string, string, string, string];
const { cases, quarantined } = await ingest([source], { store, workers: Number(workers) }, () => {});
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ stored: cases, quarantined, cpuSeconds: (user + system) / 1e6 }));
