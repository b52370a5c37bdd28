/**
 * Python's pickles, read without executing anything.
 *
 * A pickle is a program that names classes and functions and calls them. Here a name stays a name: `PickledGlobal`; a
 * call of it is offered to `build`, which knows a few, and else is written down: `PickledObject`. There is no way from a
 * name to code.
 *
 * Values    None null, dict Map, list, tuple and set Array, str (also Python 2's) string, bytes Uint8Array, int number,
 *           bigint beyond 2^53.
 * Formats   the binary opcodes of protocols 1 to 5; what only text pickles (protocol 0) have is refused.
 * Limits    2^20 opcodes: memory and time stay in proportion to the file, and small.
 * Source    https://docs.python.org/3/library/pickletools.html
 */
import type { Refuse } from "./refusal.ts";

/** A class or function that the pickle names. */
export class PickledGlobal {
  /** Module and name: "torch.float32". */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a call of an unknown class or function would have made. */
export class PickledObject {
  /** Of the class or function. */
  readonly name: string;
  readonly args: unknown;
  /** What `__setstate__` would have got, as a rule a Map of the attributes. */
  state: unknown = undefined;
  /** Of a dictionary of an unknown class. */
  readonly items: Map<unknown, unknown> = new Map();
  /** Of a list of an unknown class. */
  readonly elements: unknown[] = [];

  constructor(name: string, args: unknown) {
    this.name = name;
    this.args = args;
  }
}

export interface PickleReader {
  /** What calling a class or function makes; undefined where it is not known. */
  build(name: string, args: readonly unknown[]): unknown;
  /** What a persistent id stands for. */
  persistent(id: unknown): unknown;
}

const LARGEST_PROGRAM = 2 ** 20;
/** Bytes of an int; more are none of weights, and slow. */
const LARGEST_INT = 32;

/** Reads one pickle. @param start Of its first byte. @returns Its value, and where it ends. */
export function unpickle(
  bytes: Buffer,
  start: number,
  reader: PickleReader,
  refuse: Refuse,
): { value: unknown; end: number } {
  const memo = new Map<number, unknown>();
  const outer: unknown[][] = [];
  let stack: unknown[] = [];
  let at = start;

  const refuseHere = (reason: string): never => refuse(`${reason}, at byte ${at} of its pickle`);
  /** Goes on by `count` bytes and returns where they begin. */
  const take = (count: number): number => {
    if (count > bytes.length - at) refuseHere("it ends too early");
    at += count;
    return at - count;
  };
  const uint8 = () => bytes.readUInt8(take(1));
  const uint32 = () => bytes.readUInt32LE(take(4));
  const uint64 = () => Number(bytes.readBigUInt64LE(take(8)));
  const text = (length: number, encoding: "utf8" | "latin1" = "utf8") => {
    const from = take(length);
    return bytes.toString(encoding, from, at);
  };
  const blob = (length: number) => {
    const from = take(length);
    return Uint8Array.from(bytes.subarray(from, at));
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) refuseHere("it ends too early");
    const content = text(end - at);
    at++;
    return content;
  };
  const integer = (length: number): number | bigint => {
    if (length > LARGEST_INT) refuseHere(`an int of ${length} bytes`);
    const from = take(length);
    const bits = bytes.subarray(from, at).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * length, bits);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  };
  const pop = (): unknown => (stack.length === 0 ? refuseHere("a value is missing") : stack.pop());
  const popMark = (): unknown[] => {
    const values = stack;
    stack = outer.pop() ?? refuseHere("a mark is missing");
    return values;
  };
  const remembered = (key: number): unknown =>
    memo.has(key) ? memo.get(key) : refuseHere(`value ${key} was not made before it is used`);
  const top = (): unknown => (stack.length === 0 ? refuseHere("a value is missing") : stack.at(-1));
  const call = (callee: unknown, args: unknown): unknown => {
    if (!(callee instanceof PickledGlobal)) return new PickledObject("a value that is no class", args);
    const built = Array.isArray(args) ? reader.build(callee.name, args) : undefined;
    return built === undefined ? new PickledObject(callee.name, args) : built;
  };
  const append = (values: readonly unknown[]) => {
    const list = top();
    if (list instanceof PickledObject) for (const value of values) list.elements.push(value);
    else if (Array.isArray(list)) for (const value of values) list.push(value);
    else refuseHere("it appends to what is no list");
  };
  const setItems = (pairs: readonly unknown[]) => {
    const target = top();
    const map = target instanceof PickledObject ? target.items : target;
    if (!(map instanceof Map) || pairs.length % 2 !== 0) return refuseHere("it sets items of what is no dictionary");
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  };

  for (let count = 0; count < LARGEST_PROGRAM; count++) {
    const opcode = String.fromCharCode(uint8());
    switch (opcode) {
      case ".": // STOP
        return { value: pop(), end: at };
      case "\x80": // PROTO
        if (uint8() > 5) refuseHere("a pickle of an unknown protocol");
        break;
      case "\x95": // FRAME
        uint64();
        break;
      case "(": // MARK
        outer.push(stack);
        stack = [];
        break;
      case "0": // POP
        pop();
        break;
      case "1": // POP_MARK
        popMark();
        break;
      case "2": // DUP
        stack.push(top());
        break;
      // Remembering.
      case "q": // BINPUT
        memo.set(uint8(), top());
        break;
      case "r": // LONG_BINPUT
        memo.set(uint32(), top());
        break;
      case "\x94": // MEMOIZE
        memo.set(memo.size, top());
        break;
      case "h": // BINGET
        stack.push(remembered(uint8()));
        break;
      case "j": // LONG_BINGET
        stack.push(remembered(uint32()));
        break;
      // Plain values.
      case "N": // NONE
        stack.push(null);
        break;
      case "\x88": // NEWTRUE
      case "\x89": // NEWFALSE
        stack.push(opcode === "\x88");
        break;
      case "K": // BININT1
        stack.push(uint8());
        break;
      case "M": // BININT2
        stack.push(bytes.readUInt16LE(take(2)));
        break;
      case "J": // BININT
        stack.push(bytes.readInt32LE(take(4)));
        break;
      case "\x8a": // LONG1
        stack.push(integer(uint8()));
        break;
      case "\x8b": // LONG4
        stack.push(integer(uint32()));
        break;
      case "G": // BINFLOAT
        stack.push(bytes.readDoubleBE(take(8)));
        break;
      case "\x8c": // SHORT_BINUNICODE
        stack.push(text(uint8()));
        break;
      case "X": // BINUNICODE
        stack.push(text(uint32()));
        break;
      case "\x8d": // BINUNICODE8
        stack.push(text(uint64()));
        break;
      case "U": // SHORT_BINSTRING
        stack.push(text(uint8(), "latin1"));
        break;
      case "T": // BINSTRING
        stack.push(text(uint32(), "latin1"));
        break;
      case "C": // SHORT_BINBYTES
        stack.push(blob(uint8()));
        break;
      case "B": // BINBYTES
        stack.push(blob(uint32()));
        break;
      case "\x8e": // BINBYTES8
      case "\x96": // BYTEARRAY8
        stack.push(blob(uint64()));
        break;
      // Collections.
      case ")": // EMPTY_TUPLE
      case "]": // EMPTY_LIST
      case "\x8f": // EMPTY_SET
        stack.push([]);
        break;
      case "}": // EMPTY_DICT
        stack.push(new Map());
        break;
      case "\x85": // TUPLE1
        stack.push([pop()]);
        break;
      case "\x86": // TUPLE2
      case "\x87": // TUPLE3
        {
          const size = opcode === "\x86" ? 2 : 3;
          if (stack.length < size) refuseHere("a value is missing");
          stack.push(stack.splice(-size));
        }
        break;
      case "t": // TUPLE
      case "l": // LIST
      case "\x91": // FROZENSET
        {
          const values = popMark();
          stack.push(values);
        }
        break;
      case "d": // DICT
        {
          const pairs = popMark();
          stack.push(new Map());
          setItems(pairs);
        }
        break;
      case "a": // APPEND
        append([pop()]);
        break;
      case "e": // APPENDS
      case "\x90": // ADDITEMS
        append(popMark());
        break;
      case "s": // SETITEM
        {
          const [value, key] = [pop(), pop()];
          setItems([key, value]);
        }
        break;
      case "u": // SETITEMS
        setItems(popMark());
        break;
      // Names, and what would be executed.
      case "c": // GLOBAL
        stack.push(new PickledGlobal(`${line()}.${line()}`));
        break;
      case "\x93": // STACK_GLOBAL
        {
          const [name, module] = [pop(), pop()];
          if (typeof name !== "string" || typeof module !== "string") refuseHere("a name that is no text");
          stack.push(new PickledGlobal(`${module}.${name}`));
        }
        break;
      case "R": // REDUCE
      case "\x81": // NEWOBJ
        {
          const [args, callee] = [pop(), pop()];
          stack.push(call(callee, args));
        }
        break;
      case "\x92": // NEWOBJ_EX: with named arguments, so none of what `build` knows
        {
          const [named, args, callee] = [pop(), pop(), pop()];
          const name = callee instanceof PickledGlobal ? callee.name : "a value that is no class";
          stack.push(new PickledObject(name, [args, named]));
        }
        break;
      case "b": // BUILD; attributes of dictionaries and tensors are of no use here
        {
          const state = pop();
          const target = top();
          if (target instanceof PickledObject) target.state = state;
        }
        break;
      case "Q": // BINPERSID
        stack.push(reader.persistent(pop()));
        break;
      default:
        refuseHere(`opcode 0x${opcode.charCodeAt(0).toString(16).padStart(2, "0")} is none that is read here`);
    }
  }
  return refuse(`its pickle has more than ${LARGEST_PROGRAM} opcodes, which no weights need`);
}
