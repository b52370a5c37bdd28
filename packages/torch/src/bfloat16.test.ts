import assert from "node:assert/strict";
import { test } from "node:test";
import { bfloat16Support, linuxFlags, macFlags } from "./bfloat16.ts";

test("only AMX makes bf16 faster than fp32", () => {
  const xeon = linuxFlags("processor\t: 0\nflags\t\t: fpu sse avx512f avx512_bf16 amx_bf16 amx_tile\nbogomips\t: 5\n");
  assert.deepEqual(bfloat16Support(xeon), { instructions: ["amx_bf16", "avx512_bf16"], isFaster: true });
  const epyc = linuxFlags("flags\t\t: fpu sse avx512f avx512_bf16\n");
  assert.deepEqual(bfloat16Support(epyc), { instructions: ["avx512_bf16"], isFaster: false });
  const graviton = linuxFlags("Features\t: fp asimd bf16 i8mm\n");
  assert.deepEqual(bfloat16Support(graviton), { instructions: ["bf16"], isFaster: false });
  assert.deepEqual(bfloat16Support([]), { instructions: [], isFaster: false });
});

test("macOS names its instructions in hw.optional", () => {
  const sysctl = "hw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_SME: 0\nhw.optional.neon: 1\n";
  assert.deepEqual(macFlags(sysctl), ["bf16"]);
});
