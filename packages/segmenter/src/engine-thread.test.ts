import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineThread } from "./engine-thread.ts";
import type { Reply, Request } from "./worker/messages.ts";

/** A thread whose answers come when the test says so. */
function scripted() {
  const seen = { requests: [] as Request[], ended: 0, isBusy: true };
  let reply: (reply: Reply) => void = () => {};
  let die: (cause: unknown) => void = () => {};
  const engine = new EngineThread((onReply, onDeath) => {
    [reply, die] = [onReply, onDeath];
    return {
      post: (request) => seen.requests.push(request),
      setBusy: (isBusy) => {
        seen.isBusy = isBusy;
      },
      terminate: async () => {
        seen.ended++;
      },
    };
  });
  const answer = (kind: Request["kind"], result: unknown) =>
    reply({ id: seen.requests.find((request) => request.kind === kind)!.id, result });
  const run = () => engine.ask("run", { images: new Float32Array(), numImages: 0 });
  return { engine, seen, answer, die: (cause: unknown) => die(cause), run };
}

const disposed = { code: "ERR_SEGMENTER_DISPOSED" };

test("what was asked before the end is answered, what is asked meanwhile and afterwards is refused", async () => {
  const { engine, seen, answer, run } = scripted();
  const before = run();
  const ends = [engine.close(), engine.close()];
  await assert.rejects(run(), disposed);
  assert.deepEqual([seen.requests.map(({ kind }) => kind), seen.ended], [["run", "close"], 0]);
  answer("run", 7);
  assert.equal(await before, 7);
  answer("close", undefined);
  await Promise.all(ends);
  await engine.close();
  await assert.rejects(run(), disposed);
  assert.deepEqual([seen.ended, seen.isBusy], [1, false]);
});

test("a thread that dies while it ends fails what it had to do, as what it was, and is ended all the same", async () => {
  const { engine, seen, die, run } = scripted();
  const before = run();
  const end = engine.close();
  die(new Error("out of memory"));
  await assert.rejects(before, { code: "ERR_ENGINE_DIED", message: /out of memory/ });
  await end;
  assert.ok(seen.ended > 0);
  assert.equal(seen.isBusy, false);
});

test("a thread that died is ended at once, and tells so until it is disposed of", async () => {
  const { engine, seen, die, run } = scripted();
  const before = run();
  die("exit code 1");
  assert.equal(seen.ended, 1);
  await assert.rejects(before, { code: "ERR_ENGINE_DIED" });
  await assert.rejects(run(), { code: "ERR_ENGINE_DIED" });
  await engine.close();
});

test("ended at once, whatever is asked fails, its end too", async () => {
  const { engine, seen, run } = scripted();
  const before = run();
  const end = engine.close();
  await engine.terminate();
  await assert.rejects(before, disposed);
  await end;
  assert.equal(seen.isBusy, false);
});

test("aborted and closed: the job fails as aborted, the end waits for the thread", async () => {
  const { engine, seen, answer } = scripted();
  const controller = new AbortController();
  const job = { images: new Float32Array(), numImages: 0 };
  const before = engine.ask("run", job, { signal: controller.signal });
  const end = engine.close();
  controller.abort();
  await assert.rejects(before, { name: "AbortError" });
  assert.deepEqual([seen.requests.map(({ kind }) => kind), seen.ended], [["run", "close", "abort"], 0]);
  answer("close", undefined);
  await end;
  assert.equal(seen.ended, 1);
});
