/**
 * A DICOMweb server for tests that does what a real one will not do on demand: each test scripts its answers.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { explicitLittleEndian, transferSyntaxes } from "../../dicom/transfer-syntaxes.ts";
import { textElement, writeDicomFile } from "../../dicom/write-elements.ts";

export interface FakeRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface FakePacs extends AsyncDisposable {
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: FakeRequest[];
}

/** @param answer Told of each request, and how many of the same address came before it. */
export async function fakePacs(
  answer: (request: FakeRequest, response: ServerResponse, numBefore: number) => void,
): Promise<FakePacs> {
  const requests: FakeRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
    const request = { method, url, headers, body };
    const numBefore = requests.filter((before) => before.url === url).length;
    requests.push(request);
    answer(request, response, numBefore);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const studyUid = "1.2.3";
export const series = { studyUid, seriesUid: "1.2.3.4" };

/** A DICOM file of series 1.2.3.4; its number is the end of its UID. */
export function instance(number: number): Uint8Array {
  const instanceUid = `1.2.3.4.${number}`;
  const sopClass = "1.2.840.10008.5.1.4.1.1.2";
  const meta = { sopClass, sopInstance: instanceUid, transferSyntax: explicitLittleEndian };
  const elements = [
    textElement(0x00080016, "UI", sopClass),
    textElement(0x00080018, "UI", instanceUid),
    // Bytes that look like line ends and the beginnings of boundaries.
    { tag: 0x7fe00010, vr: "OW", value: new TextEncoder().encode(`\r\n--\r\n--b\r\n-${"\r\n--bound".repeat(number)}`) },
  ];
  return writeDicomFile(meta, elements, transferSyntaxes.get(explicitLittleEndian)!);
}

/** A search's answer: one data set for each UID, under the tag. */
export const listOf = (tag: string, uids: readonly string[]): string =>
  JSON.stringify(uids.map((uid) => ({ [tag]: { vr: "UI", Value: [uid] } })));

export function sendInstances(response: ServerResponse, numbers: readonly number[]): void {
  response.setHeader("content-type", 'multipart/related; type="application/dicom"; boundary="boundary"');
  response.end(multipart(numbers.map(instance)));
}

/** @param form How servers differ: the line ends, and whether the last boundary comes. */
export function multipart(
  bodies: readonly Uint8Array[],
  { lineEnd = "\r\n", boundary = "boundary" }: { readonly lineEnd?: string; readonly boundary?: string } = {},
): Buffer {
  const head = `--${boundary}${lineEnd}Content-Type: application/dicom${lineEnd}${lineEnd}`;
  const parts = bodies.flatMap((body) => [Buffer.from(head), body, Buffer.from(lineEnd)]);
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--${lineEnd}`)]);
}
