/**
 * What one rank does in distributed.test.ts: `node rank-program.ts SCENARIO`, with the rank in the environment. Prints its
 * result as JSON.
 */
import {
  GradientReducer,
  joinProcessGroup,
  noGrad,
  type ProcessGroup,
  setNumThreads,
  type Tensor,
  tensor,
} from "../index.ts";

const list = (values: Tensor | undefined) =>
  values === undefined ? null : [...(values.toTypedArray() as Float32Array)];

/** Two layers and one parameter that no loss reaches. */
function model() {
  const weight = tensor([
    [0.5, -0.25],
    [1, 0.75],
  ]).setRequiresGrad();
  const bias = tensor([0.125, -1]).setRequiresGrad();
  const idle = tensor([7]).setRequiresGrad();
  const loss = (rows: readonly (readonly number[])[]) => tensor(rows).matmul(weight).add(bias).square().mean();
  return { parameters: [weight, bias, idle], loss };
}

/** Rows of each step, micro-step and rank. */
const rowsOf = (step: number, microstep: number, rank: number) =>
  [0, 1, 2].map((i) => [step + 0.5 * i - rank, microstep - 0.25 * i * (rank + 1)]);

const scenarios: Record<string, (group: ProcessGroup) => unknown> = {
  collectives(group) {
    const { rank } = group;
    const sum = group.allReduce(tensor([rank + 1, 10 * (rank + 1)]));
    const average = group.allReduce(tensor([rank, 3]), "average");
    const max = group.allReduce(tensor([[rank, -rank]]), "max");
    const first = group.broadcast(tensor([rank + 5, rank + 6]));
    return { sum: list(sum), average: list(average), max: list(max), first: list(first) };
  },

  gather(group) {
    const part = tensor([[group.rank + 1], [group.rank + 2]]).setRequiresGrad();
    const whole = group.allGather(part);
    const weights = tensor([[1], [2], [3], [4]]).mul(group.rank === 0 ? 1 : 10);
    whole.square().mul(weights).sum().backward();
    return { shape: whole.shape, whole: list(whole), gradient: list(part.grad) };
  },

  reducer(group) {
    const { parameters, loss } = model();
    if (group.rank > 0) noGrad(() => parameters.map((parameter) => parameter.mul_(-3)));
    const reducer = new GradientReducer(parameters, group);
    const steps = [0, 1, 2].map((step) => {
      for (const parameter of parameters) parameter.grad = undefined;
      reducer.backward(loss(rowsOf(step, 0, group.rank)), { isReduced: false });
      const own = list(parameters[0]!.grad);
      reducer.backward(loss(rowsOf(step, 1, group.rank)));
      return { own, gradients: parameters.map(({ grad }) => list(grad)) };
    });
    reducer.dispose();
    return { weights: parameters.map(list), steps };
  },

  /** What both ranks of `reducer` should have: the same by one process, on the rows of both. */
  joint() {
    const { parameters, loss } = model();
    return [0, 1, 2].map((step) => {
      for (const parameter of parameters) parameter.grad = undefined;
      for (const microstep of [0, 1]) loss([0, 1].flatMap((rank) => rowsOf(step, microstep, rank))).backward();
      return parameters.map(({ grad }) => list(grad));
    });
  },

  /** Gathered embeddings and reduced gradients in one backward. */
  both(group) {
    const weight = tensor([[0.5], [2]]).setRequiresGrad();
    const reducer = new GradientReducer([weight], group);
    const own = tensor([[group.rank + 1, -1]]).matmul(weight);
    const loss = own.mul(group.allGather(own)).sum();
    reducer.backward(loss);
    return list(weight.grad);
  },

  "the last rank is killed"(group) {
    group.barrier();
    if (group.rank === group.worldSize - 1) process.kill(process.pid, "SIGKILL");
    group.allReduce(tensor([1]));
  },

  "rank 1 is killed in backward"(group) {
    const { parameters, loss } = model();
    const reducer = new GradientReducer(parameters, group);
    reducer.backward(loss(rowsOf(0, 0, group.rank)));
    if (group.rank === 1) process.kill(process.pid, "SIGKILL");
    reducer.backward(loss(rowsOf(1, 0, group.rank)));
  },

  "rank 1 hangs"(group) {
    group.barrier();
    if (group.rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
    else group.allReduce(tensor([1]));
  },

  "the host is killed"(group) {
    group.barrier();
    if (group.rank === 0) process.kill(process.pid, "SIGKILL");
    group.allReduce(tensor([1]));
  },

  /** What a launcher's restart is for: the first start fails. */
  "second start"(group) {
    const start = process.env["TORCHELASTIC_RESTART_COUNT"];
    if (start === "0" && group.rank === 1) process.exit(3);
    const sum = list(group.allReduce(tensor([1])));
    return { start, sum };
  },

  "a wrong argument"(group) {
    group.allReduce(tensor([1], { dtype: "int64" }), "average");
  },
};

setNumThreads(1);
const name = process.argv[2]!;
try {
  if (name === "joint") console.log(JSON.stringify(scenarios["joint"]!(undefined as never)));
  else {
    const group = joinProcessGroup({ device: "cpu", timeoutSeconds: Number(process.env["TIMEOUT"] ?? 30) });
    const result = scenarios[name]!(group);
    console.log(JSON.stringify({ rank: group.rank, worldSize: group.worldSize, result }));
    if (name !== "rank 1 hangs") group.leave();
  }
} catch (error) {
  const { code, message, hint } = error as { code?: string; message: string; hint?: string };
  console.log(JSON.stringify({ code, message, hint }));
  process.exitCode = 1;
}
