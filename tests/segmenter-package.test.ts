/**
 * The segmenter as others get it: in a project outside of this repository, which has nothing but what the package names.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const NAME = "@medssl/segmenter";
const root = fileURLToPath(new URL("..", import.meta.url));
const fixtures = join(root, "packages/segmenter/src/fixtures");
const dicom = join(root, "packages/imaging/src/dicom/fixtures");
const project = mkdtempSync(join(tmpdir(), "medssl-outside-"));
const installed = join(project, "node_modules", NAME);
after(() => rmSync(project, { recursive: true }));

/** Both conditions of the package must take it. */
const PROGRAM = `
import { MedsslError, type ModelCard, type Scan, type SegmentClass, Segmenter } from "${NAME}";
import { decodeScan, encodeNifti } from "${NAME}/imaging";

export async function main(model: string, image: Uint8Array<ArrayBuffer>, jpegLs: Uint8Array<ArrayBuffer>) {
  const segmenter = await Segmenter.load(model, { threads: 1 });
  const { labels, classes } = await segmenter.segment(new Blob([image]));
  const map: Scan<Uint8Array> = labels;
  const names = classes.map(({ value, name }: SegmentClass): [number, string] => [value, name]);
  const card: ModelCard = segmenter.card;
  const inputSize: number = card.plan.inputSize;
  const codes: string[] = [];
  for (const refused of [() => segmenter.segment(new Uint8Array(9)), () => decodeScan(new Uint8Array(9), "nine")]) {
    try {
      await refused();
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      const hint: string | undefined = error.hint;
      codes.push(error.code, typeof hint);
    }
  }
  await segmenter.dispose();
  const { shape } = await decodeScan(jpegLs, "jpeg-ls");
  return { labels: Array.from(map.data).join(""), names, inputSize, codes, shape, bytes: encodeNifti(map).length };
}

export async function wrong(segmenter: Segmenter) {
  // @ts-expect-error No such option.
  await Segmenter.load("model", { presicion: "fp16" });
  // @ts-expect-error A number is no image.
  await segmenter.segment(7);
  // @ts-expect-error Where nothing had types, nothing would be wrong.
  return segmenter.card.plan.inputSizes;
}
`;

const OPTIONS = { strict: true, noEmit: true, target: "esnext", skipLibCheck: false, allowImportingTsExtensions: true };

before(() => {
  const build = spawnSync(process.execPath, [join(root, "packages/segmenter/build.ts"), installed], {
    encoding: "utf8",
  });
  assert.equal(build.status, 0, build.stderr);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "program.ts"), PROGRAM);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link, "junction");
  }
});

for (const [name, options] of Object.entries({
  Node: { module: "nodenext", lib: ["esnext"], types: ["node"] },
  "a page": {
    ...{ module: "esnext", moduleResolution: "bundler", customConditions: ["browser"] },
    ...{ lib: ["esnext", "dom"], types: [] },
  },
})) {
  test(`its types hold in a strict project for ${name}, and mistakes are found`, () => {
    const config = { compilerOptions: { ...OPTIONS, ...options }, files: ["program.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });
}

test("it segments in Node, reads DICOM in JPEG-LS, and its errors are one class", () => {
  const { cases } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
  const { width, height, pixels, labels } = cases.find(({ name }: { name: string }) => name === "tiles");
  cpSync(join(fixtures, "tiny-model"), join(project, "model"), { recursive: true });
  const card = JSON.parse(readFileSync(join(fixtures, "tiny-model/model.json"), "utf8"));
  Object.assign(card.plan.slices, { width, height });
  writeFileSync(join(project, "model/model.json"), JSON.stringify(card));
  writeFileSync(
    join(project, "picture.pgm"),
    Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), Buffer.from(pixels[0], "hex")]),
  );
  cpSync(join(dicom, "jpeg-ls.dcm"), join(project, "jpeg-ls.dcm"));
  const call = `
    import { readFileSync } from "node:fs";
    import { main } from "./program.ts";
    const [picture, jpegLs] = ["picture.pgm", "jpeg-ls.dcm"].map((file) => new Uint8Array(readFileSync(file)));
    console.log(JSON.stringify(await main("model", picture, jpegLs)));`;
  const args = ["--input-type=module", "--eval", call];
  const found = JSON.parse(execFileSync(process.execPath, args, { cwd: project, encoding: "utf8" }));
  const { stored } = JSON.parse(readFileSync(join(dicom, "expected.json"), "utf8"))["jpeg-ls.dcm"];
  assert.deepEqual(found, {
    labels: labels.slice(0, width * height),
    names: [
      [1, "first"],
      [2, "second"],
    ],
    inputSize: card.plan.inputSize,
    codes: ["ERR_IMAGE_FORMAT", "string", "ERR_IMAGE_FORMAT", "string"],
    shape: [1, ...stored.shape],
    bytes: 352 + width * height,
  });
});
