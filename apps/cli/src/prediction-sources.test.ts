import assert from "node:assert/strict";
import { test } from "node:test";
import { PredictionSources } from "./prediction-sources.ts";

const open = (given: readonly string[], options: { readonly pacs?: string; readonly storeResult?: true }) =>
  PredictionSources.open(given, { out: "out", ...options }, () => {});
const studies = ["https://one/dicom-web/studies/1.2", "https://other/dicom-web/studies/3.4"];

test("results go to the PACS that is named, else to the one that the images came from", async () => {
  const { archive } = await open(studies.slice(0, 1), { storeResult: true });
  assert.equal(archive?.address, "https://one/dicom-web");
  const named = await open(studies, { storeResult: true, pacs: "https://third/rs" });
  assert.equal(named.archive?.address, "https://third/rs");
  assert.equal((await open(studies, {})).archive, undefined);
});

test("patients of one PACS are not sent to another unasked", async () => {
  await assert.rejects(open(studies, { storeResult: true }), {
    code: "ERR_USAGE",
    message: "--store-result: expected --pacs, to say which of these PACS the results go to",
  });
});
