/** Deployment files, as far as they can be tried without a cluster: the shell reads them, and they ask for the right things. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const deploy = fileURLToPath(new URL("../deploy/", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "medssl-deploy-"));
after(() => rmSync(scratch, { recursive: true }));

/** The command line that torchrun.sh gives to torchrun, on a machine with so many GPUs. */
function launched(numGpus: number, env: Readonly<Record<string, string>>): string {
  const program = (name: string, text: string) =>
    writeFileSync(join(scratch, name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
  program("torchrun", 'echo "$@"');
  program("nvidia-smi", `for ((i = 0; i < ${numGpus}; i++)); do echo "GPU $i"; done`);
  const PATH = `${scratch}:${process.env["PATH"]}`;
  return execFileSync(join(deploy, "torchrun.sh"), ["--store", "a b"], {
    env: { PATH, ...env },
    encoding: "utf8",
  }).trim();
}

const command = (device: string) => `node_modules/.bin/medssl pretrain --device ${device} --resume --store a b`;

test("torchrun.sh starts a process for each GPU of this machine, else two on the CPU", () => {
  assert.equal(launched(8, {}), `--no-python --nproc-per-node 8 --max-restarts 3 --standalone ${command("cuda")}`);
  assert.equal(launched(0, {}), `--no-python --nproc-per-node 2 --max-restarts 3 --standalone ${command("cpu")}`);
});

test("torchrun.sh lets several machines meet", () => {
  const env = { NUM_NODES: "2", MASTER_ADDR: "gpu01", NUM_PROCESSES: "4", MAX_RESTARTS: "0" };
  const meeting = "--nnodes 2 --rdzv-id medssl --rdzv-backend c10d --rdzv-endpoint gpu01:29500";
  assert.equal(launched(8, env), `--no-python --nproc-per-node 4 --max-restarts 0 ${meeting} ${command("cuda")}`);
  assert.match(launched(8, { ...env, IS_MASTER: "1" }), /gpu01:29500 --rdzv-conf is_host=1 node_modules/);
});

test("a shell reads the Slurm script and what the pods run", () => {
  execFileSync("bash", ["-n", join(deploy, "slurm.sbatch")]);
  const line = /- (IS_MASTER=.*)/.exec(readFileSync(join(deploy, "kubernetes.yaml"), "utf8"))?.[1] ?? "";
  const said = execFileSync("bash", ["-c", line.replace("exec deploy/torchrun.sh", "env"), "pretrain"], {
    env: { PATH: process.env["PATH"], JOB_COMPLETION_INDEX: "0" },
    encoding: "utf8",
  });
  assert.match(said, /^IS_MASTER=1$/m);
});
