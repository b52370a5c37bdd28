import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import type { PacsClient } from "@medssl/imaging";
import { fetchSource } from "./fetch-source.ts";

const downloads = mkdtempSync(join(tmpdir(), "medssl-fetch-"));
test.after(() => rmSync(downloads, { recursive: true }));

test("a study whose series cannot be searched is listed, and the others are fetched", async () => {
  const client: PacsClient = {
    address: "https://pacs",
    async *findStudies() {
      for (const studyUid of ["1.1", "1.2"]) yield { studyUid, modalities: [], attributes: {} };
    },
    async *findSeries(studyUid) {
      if (studyUid === "1.1") throw new MedsslError("ERR_PACS_NOT_FOUND", "the archive has nothing there");
      yield { studyUid, seriesUid: "1.2.3", modality: "DX", attributes: {} };
    },
    async *retrieveSeries() {
      yield { instanceUid: "1.2.3.4", bytes: new Uint8Array(1) };
    },
    store: async () => [],
  };
  const filters = { Modality: "DX" };
  const { files, failures, isComplete } = await fetchSource({ client }, { downloads, filters, listen: () => {} });
  assert.deepEqual([files, isComplete], [1, true]);
  assert.deepEqual(failures, [{ uid: "1.1", reason: "the archive has nothing there" }]);
});
