import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHealth } from "../health-checks.ts";

test("the doctor finds what runs this test, and every complaint has a remedy", async () => {
  const checks = await checkHealth();
  const found = (name: string) => checks.find((check) => check.name === name);
  assert.match(found("Node")?.found ?? "", new RegExp(`^${process.versions.node} `));
  assert.match(found("libtorch")?.found ?? "", /^2\.1[1-5]\./);
  assert.equal(found("addon")?.status, "ok");
  assert.match(found("cpu")?.found ?? "", /\d+ threads$/);
  assert.match(found("precision")?.found ?? "", /^auto takes cpu: (bf16|fp32) /);
  for (const { name, status, remedy } of checks) assert.equal(remedy === undefined, status === "ok", name);
});
