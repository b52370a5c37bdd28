import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadEncoder } from "@medssl/learn";

const main = join(import.meta.dirname, "..", "main.ts");
const fixture = (name: string) => join(import.meta.dirname, "../../../../packages/learn/src/fixtures", name);
const root = mkdtempSync(join(tmpdir(), "medssl-cli-weights-"));
test.after(() => rmSync(root, { recursive: true }));

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", cwd: root });
  return { status, stdout, stderr };
}

test("what a checkpoint holds is told: format, ViT, what is left out, what the authors wrote down", () => {
  const { status, stdout } = medssl("weights", fixture("vit-mae.pth"), "--heads", "2");
  assert.equal(status, 0);
  assert.match(stdout, /\nformat +pytorch\n/);
  assert.match(stdout, /\nViT +2 blocks, width 16, 2 heads, hidden width 64\n/);
  assert.match(stdout, /\npatches +4 pixels, 4x4 of them, 3 channels\n/);
  assert.match(stdout, /\ntokens +class token, sine-cosine positions\n/);
  assert.match(stdout, /\nleft out +6 tensors: model\.mask_token, model\.decoder_embed/);
  assert.match(stdout, /\nargs\.model +mae_vit_tiny_patch4\n/);
});

test("a ViT is written for grey images of another size, and says its heads from then on", () => {
  const to = ["--to", "out.safetensors", "--size", "24x32", "--patch-size", "8", "--part", "student.module.backbone"];
  const { status, stdout } = medssl("weights", fixture("vit-dino.pth"), "--heads", "2", ...to);
  assert.equal(status, 0);
  assert.match(
    stdout,
    /\n3 colour channels folded to grey\.\nPatches of 4 pixels resized to 8\.\nPositions resized from 4x4 to 3x4/,
  );
  const { encoder, config } = loadEncoder(join(root, "out.safetensors"));
  assert.deepEqual([encoder.gridSize, config.numHeads, config.patchSize], [[3, 4], 2, 8]);
  const { vit, tensors } = JSON.parse(medssl("weights", "out.safetensors", "--json").stdout);
  assert.deepEqual([vit.config, vit.channels, vit.gridSize], [config, 1, [3, 4]]);
  assert.deepEqual(tensors[0], { name: "cls_token", dtype: "float32", shape: [1, 1, 16] });
});

test("a file without a ViT that can be read is listed all the same; writing it fails with the reason", () => {
  const unreadable = medssl("weights", fixture("vit-mae.pth"), "--tensors");
  assert.equal(unreadable.status, 0);
  assert.match(unreadable.stdout, /\nNo ViT to start from: .*heads cannot be read off a width of 16/);
  assert.match(unreadable.stdout, /\nmodel\.cls_token +float32 +\[1, 1, 16\]\n/);
  const written = medssl("weights", fixture("vit-mae.pth"), "--to", "none.safetensors");
  assert.equal(written.status, 1);
  assert.match(
    written.stderr,
    /^medssl: .*heads cannot be read off a width of 16\n {2}Give it: medssl weights FILE --heads N/,
  );
});

test("files that are no weights, and sizes that are none, are refused in a sentence", () => {
  writeFileSync(join(root, "notes.pth"), "hello");
  assert.match(medssl("weights", "notes.pth").stderr, /^medssl: notes\.pth: neither a PyTorch archive nor a pickle\n/);
  assert.match(medssl("weights", "missing.pth").stderr, /^medssl: missing\.pth: no such file/);
  assert.match(medssl("weights", fixture("vit-mae.pth"), "--size", "big").stderr, /Expected pixels, such as 224/);
  const odd = medssl("weights", fixture("vit-mae.pth"), "--heads", "2", "--to", "x.safetensors", "--size", "18");
  assert.match(odd.stderr, /^medssl: .*18x18 pixels is none of 4/);
});
