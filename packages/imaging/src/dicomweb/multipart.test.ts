import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { multipartParts, parameterOf } from "./multipart.ts";
import { multipart } from "./testing/fake-pacs.ts";

const TYPE = 'multipart/related; type="application/dicom"; boundary=boundary';

async function bodiesOf(chunks: Iterable<Uint8Array>, contentType = TYPE): Promise<Uint8Array[]> {
  async function* stream() {
    yield* chunks;
  }
  const parts = await Array.fromAsync(multipartParts(stream(), contentType, "GET x"));
  return parts.map(({ body }) => new Uint8Array(body));
}

/** Cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, i) => bytes.subarray(borders[i]!, end));
}

/** Bytes of which many look like a boundary, or nearly. */
const body = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\r",
        "\n",
        "\r\n",
        "-",
        "--",
        "\r\n--",
        "\n--boundar",
        "\r\n--boundaries",
        "--boundary",
        "\r\n--boundary-x",
      ),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => new Uint8Array(Buffer.from(pieces.join(""), "latin1")))
  // What is a boundary in truth may not be in a body.
  .filter(
    (bytes) => !/\n--boundary(--|[ \t]*\r?\n|[ \t]*\r?$)|^--boundary/.test(Buffer.from(bytes).toString("latin1")),
  );

test("the parts are the same wherever the chunks end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(body, { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      async (bodies, places) => {
        const bytes = new Uint8Array(multipart(bodies));
        assert.deepEqual(await bodiesOf(cut(bytes, places)), bodies);
      },
    ),
    { numRuns: 500 },
  );
});

test("a chunk of one byte each time", async () => {
  const bodies = [new Uint8Array(300).fill(0x0d), new Uint8Array(), Uint8Array.of(0x0a)];
  const bytes = new Uint8Array(multipart(bodies));
  assert.deepEqual(await bodiesOf(Array.from(bytes, (byte) => Uint8Array.of(byte))), bodies);
});

test("servers write multipart in their own ways", async () => {
  const bodies = [Uint8Array.of(1, 13), Uint8Array.of(2)];
  const plain = multipart(bodies);
  const ways: Readonly<Record<string, readonly [bytes: Buffer, type: string]>> = {
    "quotes around the boundary": [plain, 'multipart/related; boundary="boundary"'],
    "boundary before type, with transfer syntax": [
      plain,
      'Multipart/Related; Boundary="boundary"; type="application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.70"',
    ],
    "line ends without CR": [multipart(bodies, { lineEnd: "\n" }), TYPE],
    "text before and after": [Buffer.concat([Buffer.from("hello\r\n"), plain, Buffer.from("bye")]), TYPE],
    "an empty line before": [Buffer.concat([Buffer.from("\r\n"), plain]), TYPE],
    "blanks behind a boundary": [
      Buffer.from(plain.toString("latin1").replaceAll("--boundary\r", "--boundary \t\r"), "latin1"),
      TYPE,
    ],
    "no headers": [
      Buffer.from(plain.toString("latin1").replaceAll("Content-Type: application/dicom\r\n", ""), "latin1"),
      TYPE,
    ],
  };
  for (const [name, [bytes, type]] of Object.entries(ways))
    assert.deepEqual(await bodiesOf([bytes], type), bodies, name);
  assert.equal(parameterOf('a/b; type="x; boundary=wrong"; boundary="a \\"b"', "boundary"), 'a "b');
});

test("an answer that ends too early has broken off, unless its last part says that it is whole", async () => {
  const whole = multipart([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
  for (let length = 0; length < whole.length - "--\r\n".length; length++) {
    await assert.rejects(bodiesOf([whole.subarray(0, length)]), { code: "ERR_PACS_BROKEN_OFF" }, `${length} bytes`);
  }
  const told = Buffer.from("--boundary\r\nContent-Length: 3\r\n\r\nabc");
  assert.deepEqual(await bodiesOf([told]), [new Uint8Array(Buffer.from("abc"))]);
  await assert.rejects(bodiesOf([told.subarray(0, -1)]), { code: "ERR_PACS_BROKEN_OFF" });
});

test("what is no multipart says so", async () => {
  const refused = {
    code: "ERR_PACS_ANSWER",
    message: 'GET x: expected multipart/related with a boundary, got "text/html"',
  };
  await assert.rejects(bodiesOf([], "text/html"), refused);
});
