/**
 * Sets everything up: npm's packages (Node 24 among them), libtorch, the addon. `npm run setup`, and a part of
 * `npm run quickstart` and `npm test`. A second run skips what is there; an interrupted one goes on where it stopped.
 *
 * Plain JavaScript without dependencies, since it runs before there are any, on whatever Node the machine has (18 or
 * later). Steps are imported after the version check so that an old Node gets a sentence, not a stack trace.
 *
 * --quiet   prints nothing when all is there.
 */
if (Number.parseInt(process.versions.node, 10) < 18) {
  console.error(
    `set-up: Node ${process.versions.node} is too old; 18 or later is needed.\n` +
      "  Install a current one (https://nodejs.org, your package manager, or nvm) and run the same command again.",
  );
  process.exit(1);
}
const { setUp } = await import("./setup/steps.mjs");
process.exitCode = await setUp({ isQuiet: process.argv.includes("--quiet") });
