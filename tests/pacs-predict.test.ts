/**
 * The whole way round a real archive: a study in, segmented by `medssl predict --pacs`, the DICOM SEG back, found there by
 * QIDO and read by another library.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DicomwebClient, decodeMaskScan, parseDicom, readImageBytes, readSegmentation } from "@medssl/imaging";
import { orthancIsMissing, startOrthanc } from "./orthanc.ts";

const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
const sources = new URL("../packages/imaging/src/dicom/fixtures-segmentations/", import.meta.url);
const tinyModel = fileURLToPath(new URL("../packages/segmenter/src/fixtures/tiny-model", import.meta.url));
const python = process.env["MEDSSL_PYTHON"] ?? "python3";
const hasHighdicom = spawnSync(python, ["-c", "import highdicom"]).status === 0;
const dir = mkdtempSync(join(tmpdir(), "medssl-pacs-predict-"));
test.after(() => rmSync(dir, { recursive: true }));

/** Pixels of each segment, on the source's images. */
const readByHighdicom = `
import json, sys, highdicom
seg = highdicom.seg.segread(sys.argv[1])
uids = [uid for _, _, uid in seg.get_source_image_uids()]
pixels = seg.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True, ignore_spatial_locations=True)
print(json.dumps({
    "patient": seg.PatientID,
    "sources": sorted(uids),
    "counts": {seg.get_segment_description(n).segment_label: int(pixels[..., n - 1].sum()) for n in seg.segment_numbers},
}))
`;

/** The tiny model for CT: the same network on Hounsfield units. */
function ctModel(): string {
  const folder = join(dir, "ct-model");
  cpSync(tinyModel, folder, { recursive: true });
  const card = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  card.plan = { ...card.plan, kinds: ["ct"], unitRange: [-175, 250], slices: { ...card.plan.slices, dtype: "int16" } };
  writeFileSync(join(folder, "model.json"), JSON.stringify(card));
  return folder;
}

for (const { name, model } of [
  { name: "dx", model: () => tinyModel },
  { name: "ct", model: ctModel },
]) {
  test(`${name}: from Orthanc, segmented, and back`, { skip: orthancIsMissing }, async (t) => {
    const files = readdirSync(sources).filter((file) => file.startsWith(name) && file.endsWith(".dcm"));
    const instances = files.map((file) => new Uint8Array(readFileSync(new URL(file, sources))));
    const header = parseDicom(instances[0]!, files[0]!);
    const studyUid = header.string("0020000D")!;
    const orthanc = await startOrthanc();
    try {
      const client = new DicomwebClient(orthanc.url);
      await client.store(instances);
      const out = join(dir, `${name}-out`);
      const args = ["predict", "--model", model(), "--pacs", orthanc.url, "--study", studyUid, "--store-result"];
      const child = spawn(process.execPath, [main, ...args, "--out", out, "--json"]);
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      assert.equal(status, 0, stderr);
      const { predictions } = JSON.parse(stdout);
      assert.equal(predictions.length, 1);

      const found = await Array.fromAsync(client.findSeries(studyUid, { Modality: "SEG" }));
      assert.equal(found.length, 1);
      const [stored] = await Array.fromAsync(client.retrieveSeries(found[0]!));
      const mask = readdirSync(join(out, "masks"))[0]!;
      const path = join(out, "masks", mask);
      const { data } = await decodeMaskScan(await readImageBytes(path), path);
      const counts = { first: 0, second: 0 };
      for (const value of data) if (value > 0) counts[value === 1 ? "first" : "second"]++;
      assert.ok(counts.first + counts.second > 0, "nothing was segmented: the test says nothing");

      const segmentation = await readSegmentation(parseDicom(stored!.bytes, "the SEG from Orthanc"));
      const own = { first: 0, second: 0 };
      for (const [i, { segment }] of segmentation.frames.entries()) {
        for (const value of segmentation.valuesOf(i)) own[segment === 1 ? "first" : "second"] += value;
      }
      assert.deepEqual(own, counts);
      if (!hasHighdicom) {
        t.diagnostic("Python (MEDSSL_PYTHON, else python3) has no highdicom: read by our own reader alone");
        return;
      }
      const seg = join(dir, `${name}.dcm`);
      writeFileSync(seg, stored!.bytes);
      const read = JSON.parse(execFileSync(python, ["-c", readByHighdicom, seg], { encoding: "utf8" }));
      assert.deepEqual(read.counts, counts);
      assert.equal(read.patient, header.string("00100020"));
      const uids = instances.map((file) => parseDicom(file, name).string("00080018")!);
      assert.deepEqual(
        read.sources.filter((uid: string) => !uids.includes(uid)),
        [],
      );
    } finally {
      await orthanc.stop();
    }
  });
}
