/**
 * The few forms of a protobuf field that TensorBoard's messages need. A field of value 0 is left out, as proto3 does.
 *
 * Source  protobuf's "Encoding" page: a field is its number and wire type, then its value.
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

const tag = (field: number, wireType: number) => Buffer.from(varint(field * 8 + wireType));

export function varintField(field: number, value: number): Uint8Array {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([tag(field, VARINT), Buffer.from(varint(value))]);
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

/** Written when it is 0 too: in a choice of fields, as a summary's value is, presence says which was taken. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, FOUR_BYTES), bytes]);
}
