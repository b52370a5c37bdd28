/**
 * The WebAssembly codecs of Cornerstone, as far as they are called here; the packages bring no types.
 *
 * Each module is a factory of Emscripten's. It keeps the options object that it is given: every call needs a fresh one.
 */

interface CornerstoneFrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  /** JPEG 2000 alone knows it. */
  readonly isSigned?: boolean;
}

interface CornerstoneDecoder {
  /** Memory of the codec for `numBytes` of input; it moves when the codec's memory grows. */
  getEncodedBuffer(numBytes: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): CornerstoneFrameInfo;
  decode(): void;
  /** Frees the object, which no garbage collector sees. */
  delete(): void;
}

interface CornerstoneJpegLsDecoder extends CornerstoneDecoder {
  /** 0: planes, 1: lines, 2: samples. */
  getInterleaveMode(): number;
}

type CornerstoneFactory<Module> = (options: { print(): void; printErr(): void }) => Promise<Module>;

declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  const factory: CornerstoneFactory<{ JpegLSDecoder: new () => CornerstoneJpegLsDecoder }>;
  export default factory;
}

declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const factory: CornerstoneFactory<{ J2KDecoder: new () => CornerstoneDecoder }>;
  export default factory;
}
