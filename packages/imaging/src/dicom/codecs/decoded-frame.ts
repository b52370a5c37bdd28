/** What a decoder makes of one code stream. */
export interface DecodedFrame {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** How many bits of a sample count, where the code stream has the say; undefined: as many as the data set stores. */
  readonly numBits?: number | undefined;
  /** Whether `data` is of signed numbers already. */
  readonly isSigned: boolean;
  /** [rows, columns, samples], interleaved. */
  readonly data: Uint8Array | Int8Array | Uint16Array | Int16Array;
  /** The colors of three samples; undefined: as the data set says. */
  readonly colors: "rgb" | "ybr" | undefined;
}

/** The size that a frame must have, from the data set. */
export interface FrameSize {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
}
