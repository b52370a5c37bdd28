import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { hmacSha256, sha256 } from "./deidentify-hash.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 131 + 17) & 255);

test("SHA-256 is Node's, over every length around a block's border", () => {
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
    const message = bytes(length);
    assert.deepEqual(sha256(message), Uint8Array.from(createHash("sha256").update(message).digest()), `${length}`);
  }
});

test("HMAC-SHA-256 is Node's, with short and long keys", () => {
  for (const length of [0, 32, 64, 65, 200]) {
    const [key, message] = [bytes(length), bytes(77)];
    const expected = createHmac("sha256", key).update(message).digest();
    assert.deepEqual(hmacSha256(key, message), Uint8Array.from(expected), `${length}`);
  }
});
