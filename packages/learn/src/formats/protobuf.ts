/**
 * The few forms of a protobuf field that TensorBoard's and ONNX's messages need.
 *
 * Presence  `varintField` leaves a 0 out, as proto3 does; the others are always written, for in ONNX (proto2) and in a choice
 *           of fields presence says what was meant.
 * Source    protobuf's "Encoding" page: a field is its number and wire type, then its value.
 */

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_DELIMITED = 2;
const FOUR_BYTES = 5;

/** @param value A whole number from 0 to 2^53, seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** A negative number as the ten bytes of its two's complement. */
function signedVarint(value: number): number[] {
  if (value >= 0) return varint(value);
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return [...bytes, Number(rest)];
}

const tag = (field: number, wireType: number) => Buffer.from(varint(field * 8 + wireType));

export function varintField(field: number, value: number): Uint8Array {
  return value === 0 ? Buffer.alloc(0) : integerField(field, value);
}

/** A whole number of either sign, 0 too. */
export function integerField(field: number, value: number): Uint8Array {
  return Buffer.concat([tag(field, VARINT), Buffer.from(signedVarint(value))]);
}

/** Text, bytes, or a message by its fields. */
export function bytesField(field: number, content: string | Uint8Array | readonly Uint8Array[]): Uint8Array {
  const bytes =
    typeof content === "string"
      ? Buffer.from(content)
      : content instanceof Uint8Array
        ? content
        : Buffer.concat(content);
  return Buffer.concat([tag(field, LENGTH_DELIMITED), Buffer.from(varint(bytes.length)), bytes]);
}

export function doubleField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, EIGHT_BYTES), bytes]);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, FOUR_BYTES), bytes]);
}
