import assert from "node:assert/strict";
import { test } from "node:test";
import { isPacsAddress, parsePacsAddress } from "./pacs-address.ts";

test("the forms of an address", () => {
  const cases: Readonly<Record<string, ReturnType<typeof parsePacsAddress>>> = {
    "https://pacs.example.org/dicom-web": { baseUrl: "https://pacs.example.org/dicom-web" },
    "https://pacs.example.org:8443/rs/": { baseUrl: "https://pacs.example.org:8443/rs" },
    "http://pacs/": { baseUrl: "http://pacs" },
    "dicomweb://pacs/dicom-web/studies": { baseUrl: "https://pacs/dicom-web" },
    "dicomweb://localhost:8042/dicom-web/studies/1.2": { baseUrl: "http://localhost:8042/dicom-web", studyUid: "1.2" },
    "dicomweb://127.0.0.1:80/dicom-web": { baseUrl: "http://127.0.0.1/dicom-web" },
    "dicomweb://[::1]:8042": { baseUrl: "http://[::1]:8042" },
    "dicomweb+https://localhost/x": { baseUrl: "https://localhost/x" },
    "DICOMweb+HTTP://pacs:8080/studies/1.2/series/3.4/": {
      baseUrl: "http://pacs:8080",
      studyUid: "1.2",
      seriesUid: "3.4",
    },
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.ok(isPacsAddress(text), text);
    assert.deepEqual(parsePacsAddress(text), expected, text);
  }
  for (const path of ["/data/images", "dicomweb", "C:\\images", "images:/x"]) assert.ok(!isPacsAddress(path), path);
});

test("what cannot be used is refused, without repeating a password or a token", () => {
  const refused = (text: string, code: string, message: RegExp) => {
    assert.throws(
      () => parsePacsAddress(text),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /s3cret/);
        return true;
      },
    );
  };
  refused("ftp://pacs", "ERR_PACS_ADDRESS", /expected the address of a DICOMweb service/);
  refused("https://", "ERR_PACS_ADDRESS", /expected the address/);
  refused("https://eve:s3cret@pacs/dicom-web", "ERR_PACS_ADDRESS", /^https:\/\/pacs\/dicom-web: expected no user/);
  refused("https://pacs:99999:s3cret@x y", "ERR_PACS_ADDRESS", /expected the address/);
  refused(
    "https://eve:1/s3cret@pacs:x/dicom-web",
    "ERR_PACS_ADDRESS",
    /^https:\/\/pacs:x\/dicom-web: expected no user/,
  );
  refused("https://eve:a/s3cret@pacs/dicom-web", "ERR_PACS_ADDRESS", /got "https:\/\/pacs\/dicom-web"$/);
  refused("https://pacs/dicom-web?token=s3cret", "ERR_PACS_ADDRESS", /^https:\/\/pacs\/dicom-web: expected an address/);
  refused("https://pacs/dicom-web?PatientID=1", "ERR_PACS_ADDRESS", /without \? and #/);
  refused("https://pacs/studies/..%2F..", "ERR_PACS_UID", /expected a DICOM UID/);
  refused("https://pacs/studies/1.2/series/abc", "ERR_PACS_UID", /got "abc"/);
});
