import assert from "node:assert/strict";
import {
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import fc from "fast-check";
import {
  PickledGlobal,
  PickledObject,
  readPth,
  readWeights,
  scope,
  type Tensor,
  tensor,
  writeSafetensors,
} from "../index.ts";

const dir = mkdtempSync(join(tmpdir(), "medssl-pth-"));
test.after(() => rmSync(dir, { recursive: true }));

// Made by fixtures/make-pth.py, with PyTorch.
const fixture = (name: string) => join(import.meta.dirname, "../fixtures", name);
type Entries = Record<string, { dtype: string; shape: number[]; values: (number | boolean)[] }>;
const expected: { checkpoint: Entries; module: Entries } = JSON.parse(readFileSync(fixture("pth.json"), "utf8"));

function assertTensors(tensors: ReadonlyMap<string, Tensor>, prefix: string, entries: Entries) {
  for (const [name, { dtype, shape, values }] of Object.entries(entries)) {
    const found = tensors.get(prefix + name)!;
    assert.equal(found.dtype, dtype, name);
    assert.deepEqual(found.shape, shape, name);
    assert.deepEqual([found.toNested()].flat(9), values.map(Number), name);
  }
}

/** A .zip of plain entries, as PyTorch writes them. @param offset Added to all places, for a hole in front. */
function zipOf(entries: Readonly<Record<string, string | Buffer>>, { offset = 0, isZip64 = false } = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = offset;
  for (const [name, content] of Object.entries(entries)) {
    const bytes = Buffer.from(content as string, "latin1");
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const header = Buffer.alloc(46 + name.length + (isZip64 ? 28 : 0));
    header.writeUInt32LE(0x02014b50);
    header.writeUInt16LE(name.length, 28);
    header.write(name, 46);
    if (isZip64) {
      header.writeUInt16LE(28, 30);
      for (const field of [20, 24, 42]) header.writeUInt32LE(0xffffffff, field);
      header.writeUInt16LE(1, 46 + name.length);
      header.writeUInt16LE(24, 48 + name.length);
      [bytes.length, bytes.length, at].forEach((value, i) => {
        header.writeBigUInt64LE(BigInt(value), 50 + name.length + 8 * i);
      });
    } else {
      for (const field of [20, 24]) header.writeUInt32LE(bytes.length, field);
      header.writeUInt32LE(at, 42);
    }
    locals.push(local, bytes);
    directory.push(header);
    at += local.length + bytes.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(isZip64 ? 0xffffffff : at, 16);
  if (!isZip64) return Buffer.concat([...locals, listing, end]);
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50);
  record.writeBigUInt64LE(BigInt(listing.length), 40);
  record.writeBigUInt64LE(BigInt(at), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(at + listing.length), 64);
  return Buffer.concat([...locals, listing, record, end]);
}

// Parts of pickles, as latin1 text.
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes.toString("latin1");
};
const text = (value: string) => `X${int32(value.length)}${value}`;
const int = (value: number) => `J${int32(value)}`;
/** Any safe integer. */
const long = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return `\x8a\x08${bytes.toString("latin1")}`;
};
const tuple = (...items: string[]) => `(${items.join("")}t`;
const storage = (key: string, numel: number, type = "FloatStorage") =>
  `${tuple(text("storage"), `ctorch\n${type}\n`, text(key), text("cpu"), int(numel))}Q`;
const tensorOf = (place: string, offset: number, shape: readonly number[], strides: readonly number[]) =>
  `ctorch._utils\n_rebuild_tensor_v2\n${tuple(place, int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), "\x89", "N")}R`;

let count = 0;
function fileOf(bytes: string | Buffer): string {
  const path = join(dir, `${count++}.pth`);
  writeFileSync(path, bytes as string, "latin1");
  return path;
}
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const archive = (pickle: string, data: string | Buffer = "") =>
  fileOf(zipOf({ "a/data.pkl": `\x80\x02${pickle}.`, "a/data/0": data }));

test("both of PyTorch's formats, and every protocol of theirs, give its values", () => {
  for (const name of ["checkpoint", "legacy", "protocol4"]) {
    const { format, tensors, metadata } = readWeights(fixture(`${name}.pth`));
    assert.equal(format, "pytorch");
    assertTensors(tensors, "model.", expected.checkpoint);
    assert.deepEqual(tensors.get("optimizer.state.0.exp_avg")?.toNested(), [1, 1]);
    assert.deepEqual(
      ["epoch", "best", "counted", "args.model"].map((key) => metadata[key]),
      ["800", "0.75", "12", "mae_vit_base_patch16"],
    );
  }
  assert.deepEqual(readWeights(fixture("protocol4.pth")).tensors.get("model.uint16")?.toNested(), [1, 65535]);
});

test("a pickled module gives the names of its state_dict", () => {
  const { tensors } = readWeights(fixture("module.pth"));
  assert.deepEqual([...tensors.keys()], Object.keys(expected.module));
  assertTensors(tensors, "", expected.module);
});

test("what is no tensor comes as plain values, unknown classes as records", () => {
  for (const name of ["checkpoint", "legacy"]) {
    const content = readPth(fixture(`${name}.pth`)) as Map<string, unknown>;
    assert.deepEqual(content.get("words"), ["a", "\u00e4", Uint8Array.from([0, 255]), null, true, -1, 70000]);
    assert.equal(content.get("large"), 2n ** 60n);
    assert.deepEqual(content.get("shape"), [2, 3]);
    assert.deepEqual(content.get("dtype"), new PickledGlobal("torch.float32"));
    const meter = content.get("meter");
    assert.ok(meter instanceof PickledObject);
    assert.equal(meter.name, "__main__.Meter");
    assert.deepEqual(meter.state, new Map([["best", 3]]));
  }
});

test("tensors share their storage as they did, and the file does not change", () => {
  const { tensors } = readWeights(fixture("checkpoint.pth"));
  tensors.get("model.whole")!.fill_(5);
  assert.deepEqual(tensors.get("model.window")!.toNested(), [
    [5, 5, 5],
    [5, 5, 5],
  ]);
  assertTensors(readWeights(fixture("checkpoint.pth")).tensors, "model.", expected.checkpoint);
});

test("a safetensors file is told by its content", () => {
  const path = join(dir, "named.pth");
  writeSafetensors(path, [["a", tensor([1, 2])]], { made: "here" });
  const { format, tensors, metadata } = readWeights(path);
  assert.deepEqual([format, tensors.get("a")?.toNested(), metadata["made"]], ["safetensors", [1, 2], "here"]);
});

test("nothing in a pickle is executed", () => {
  const witness = join(dir, "executed");
  const command = text(`touch ${witness}`);
  const calls = [
    `cposix\nsystem\n${command}\x85R`, // REDUCE
    `cos\nsystem\n${command}\x85\x81`, // NEWOBJ
    `${text("subprocess")}${text("check_output")}\x93${command}\x85R`, // STACK_GLOBAL
    `cbuiltins\neval\n${text(`__import__("os").system("touch ${witness}")`)}\x85R`,
    `cbuiltins\ngetattr\n(cos\npath\n${text("join")}tR${command}\x85R`, // a call of what a call made
    `ctorch.storage\n_load_from_bytes\n${command}\x85R`,
    `cposix\nsystem\n${command}\x85R}${text("a")}${command}sb`, // BUILD
  ];
  for (const call of calls) {
    const value = readPth(archive(call));
    assert.ok(value instanceof PickledObject, call);
    readWeights(archive(`}${text("model")}${call}s`));
  }
  assert.deepEqual(readPth(archive(calls[0]!)), new PickledObject("posix.system", [`touch ${witness}`]));
  assert.equal(existsSync(witness), false);
});

test("names that JavaScript's objects have mean nothing", () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    const value = readPth(archive(`}${text(name)}c${name}\n${name}\n)Rs`));
    assert.ok(value instanceof Map && value.get(name) instanceof PickledObject);
    assert.equal(readPth(archive(storage("0", 1, name), floats(1))), null);
  }
});

test("entries and archives beyond 4 GB are found by their zip64 records", () => {
  const path = join(dir, "large.pth");
  const offset = 2 ** 32 + 4096;
  const file = openSync(path, "w");
  writeSync(file, "PK\x03\x04");
  ftruncateSync(file, offset); // a hole: nothing on the disk
  const pickle = `\x80\x02${tensorOf(storage("0", 3), 1, [2], [1])}.`;
  writeSync(
    file,
    zipOf({ "a/data.pkl": pickle, "a/data/0": floats(1, 2, 3) }, { offset, isZip64: true }),
    0,
    null,
    offset,
  );
  const value = readPth(path) as Tensor;
  assert.deepEqual(value.toNested(), [2, 3]);
  value.dispose();
  rmSync(path);
});

test("claims that the file does not keep are refused, in words", () => {
  const data = floats(1, 2, 3, 4);
  const one = storage("0", 4);
  const bomb = `${"]".repeat(2 ** 20)}`;
  const cases: readonly (readonly [string | Buffer, RegExp])[] = [
    ["", /too short/],
    ["hello", /neither a PyTorch archive nor a pickle/],
    ["\x80\x02K\x01.", /a pickle that torch\.save did not write/],
    [readFileSync(fixture("checkpoint.pth")).subarray(0, 4000), /without its end; it was cut off/],
    [readFileSync(fixture("legacy.pth")).subarray(0, -9), /its storages end at byte \d+, it has \d+; it was cut off/],
    [zipOf({ "a/other": "" }), /without data\.pkl/],
    [zipOf({ "a/data.pkl": "", "a/constants.pkl": "" }), /TorchScript/],
    [zipOf({ "a/data.pkl": ".", "a/byteorder": "big" }), /big-endian/],
    [readFileSync(archive(tensorOf(one, 0, [5], [1]), data)), /\[5\] of more elements than its storage has, 4/],
    [readFileSync(archive(tensorOf(one, 1, [4], [1]), data)), /\[4\] of more elements/],
    [readFileSync(archive(tensorOf(one, 0, [2, 2], [1, 3]), data)), /\[2, 2\] of more elements/],
    [readFileSync(archive(tensorOf(one, 0, [2 ** 30, 2 ** 30], [0, 0]), data)), /of more elements/],
    [readFileSync(archive(tensorOf(one, 0, [2 ** 30, 2 ** 30, 0], [1, 1, 1]), data)), /of more elements/],
    [readFileSync(archive(tensorOf(one, -1, [2], [1]), data)), /no counts/],
    [readFileSync(archive(tensorOf(one, 0, [2], [-1]), data)), /no counts/],
    [readFileSync(archive(tensorOf(one, 0, [2], []), data)), /no counts/],
    [readFileSync(archive(storage("0", 5), data)), /storage 0 should have 20 bytes, it has 16/],
    [readFileSync(archive(storage("1", 5), data)), /storage 1 is not in the file/],
    [readFileSync(archive(`${text("a")}h\x09`)), /value 9 was not made before/],
    [readFileSync(archive("\x8b\xff\xff\xff\x7f")), /an int of 2147483647 bytes, at byte 7 of its pickle/],
    [readFileSync(archive("B\xff\xff\xff\xff")), /ends too early, at byte 7/],
    [readFileSync(archive("e")), /a mark is missing/],
    [readFileSync(archive("]u")), /a mark is missing/],
    [readFileSync(archive("R")), /a value is missing/],
    [readFileSync(archive("cposix")), /ends too early/],
    [readFileSync(archive("P1\n")), /opcode 0x50 is none that is read here/],
    [readFileSync(archive(bomb)), /more than 1048576 opcodes/],
    [readFileSync(archive("\x80\x09")), /unknown protocol/],
  ];
  for (const [bytes, message] of cases) {
    const path = fileOf(bytes);
    assert.throws(
      () => readPth(path),
      (error) => {
        assert.ok(error instanceof MedsslError);
        assert.equal(error.code, "ERR_PTH");
        assert.ok(error.message.startsWith(path), error.message);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("a checksum that does not fit, a compressed and an encrypted entry are refused", () => {
  const bytes = readFileSync(fixture("checkpoint.pth"));
  bytes.write("Epoch", bytes.indexOf("epoch"));
  assert.throws(() => readPth(fileOf(bytes)), { code: "ERR_PTH", message: /checksum/ });
  for (const [field, message] of [
    [8, /"a\/data\.pkl" is encrypted/],
    [10, /"a\/data\.pkl" is compressed/],
  ] as const) {
    const changed = zipOf({ "a/data.pkl": "." });
    changed.writeUInt16LE(1, changed.indexOf("PK\x01\x02") + field);
    assert.throws(() => readPth(fileOf(changed)), { code: "ERR_PTH", message });
  }
});

test("whatever a tensor claims, it lies inside of its storage or is refused", () => {
  const small = fc.nat({ max: 2 });
  const size = fc.oneof({ weight: 8, arbitrary: small }, fc.constantFrom(-1, 2 ** 31, 2 ** 53 - 1));
  const axes = fc.array(size, { minLength: 3, maxLength: 3 });
  const types = fc.constantFrom("float32", "float64", "int16", "uint8", "complex64", "constructor");
  const storages = fc.constantFrom("FloatStorage", "UntypedStorage", "HalfStorage");
  let read = 0;
  fc.assert(
    fc.property(
      storages,
      types,
      fc.tuple(small, fc.nat({ max: 8 })),
      fc.tuple(size, axes, axes),
      (storageType, type, view, place) => {
        const part = tuple(text("view"), ...view.map(long));
        const id = tuple(text("storage"), `ctorch\n${storageType}\n`, text("0"), text("cpu"), int(1), part);
        const [offset, shape, strides] = place;
        const where = [long(offset), tuple(...shape.map(long)), tuple(...strides.map(long))];
        const args = tuple(`${id}Q`, ...where, "\x89", "N", `ctorch\n${type}\n`);
        try {
          scope(() => {
            const value = readPth(archive(`ctorch._utils\n_rebuild_tensor_v3\n${args}R`, floats(1, 2, 3, 4)));
            if (value instanceof PickledObject) return;
            const found = value as Tensor;
            assert.ok(found.numel <= 16);
            found.clone();
            read++;
          });
        } catch (error) {
          assert.ok(error instanceof MedsslError && error.code === "ERR_PTH", String((error as Error).stack));
        }
      },
    ),
    { numRuns: 1000, seed: 1 },
  );
  assert.ok(read > 50, `${read} read`);
});

test("names in a file cannot steer a terminal through an error", () => {
  const path = archive(storage("\x1b]0;owned\x07".repeat(100), 1));
  assert.throws(
    () => readPth(path),
    (error) => error instanceof MedsslError && !/\p{Cc}/u.test(error.message) && error.message.length < 700,
  );
});

test("storages that lie on each other claim no more than the file has", () => {
  const entries = Array.from({ length: 20 }, (_, i) => [`a/data/${i}`, i === 0 ? "x".repeat(4096) : ""]);
  const pickle = Array.from({ length: 20 }, (_, i) => storage(`${i}`, 1)).join("");
  const bytes = zipOf({ "a/data.pkl": `${pickle}.`, ...Object.fromEntries(entries) });
  const first = bytes.indexOf("PK\x01\x02");
  const place = bytes.readUInt32LE(bytes.indexOf("PK\x01\x02", first + 4) + 42);
  for (let at = bytes.indexOf("PK\x01\x02", first + 4); at >= 0; at = bytes.indexOf("PK\x01\x02", at + 4)) {
    for (const field of [20, 24]) bytes.writeUInt32LE(4096, at + field);
    bytes.writeUInt32LE(place, at + 42);
  }
  assert.throws(() => readPth(fileOf(bytes)), { code: "ERR_PTH", message: /claim more bytes than it has/ });
});

test("values that hold themselves or each other many times are walked once", () => {
  // 64 lists, each with the one before it twice: 2^64 ways to the first.
  const laughs = `]q\x00${tensorOf(storage("0", 1), 0, [1], [1])}a`;
  const nested = Array.from(
    { length: 20 },
    (_, i) => `]q${String.fromCharCode(i + 1)}(h${String.fromCharCode(i)}h${String.fromCharCode(i)}e`,
  );
  assert.equal(readWeights(archive(laughs + nested.join(""), floats(1))).tensors.size, 1);
  assert.equal(readWeights(archive(`}q\x00${text("a")}h\x00s`)).tensors.size, 0);
  assert.equal(readWeights(archive("]".repeat(100_000) + "a".repeat(99_999))).tensors.size, 0);
});

test("damaged files give values or ERR_PTH, and no tensor reaches beyond its file", () => {
  const whole = readFileSync(fixture("checkpoint.pth"));
  // Without its checksum, so that damage reaches the unpickler.
  for (let at = whole.indexOf("PK\x01\x02"); at > 0; at = whole.indexOf("PK\x01\x02", at + 1))
    whole.writeUInt32LE(0, at + 16);
  const path = join(dir, "mutant.pth");
  let refused = 0;
  let read = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(whole, readFileSync(fixture("legacy.pth"))),
      fc.array(fc.tuple(fc.noBias(fc.nat()), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
      fc.option(fc.noBias(fc.nat()), { freq: 2 }),
      (seed, changes, length) => {
        const bytes = Buffer.from(seed.subarray(0, length === null ? seed.length : length % seed.length));
        for (const [place, value] of changes) bytes[place % seed.length] = value;
        writeFileSync(path, bytes);
        try {
          scope(() => {
            for (const [name, found] of readWeights(path).tensors) {
              assert.ok(found.numel <= bytes.length, name);
              found.clone();
            }
          });
          read++;
        } catch (error) {
          assert.ok(
            error instanceof MedsslError && /^ERR_(PTH|SAFETENSORS)$/.test(error.code),
            String((error as Error).stack),
          );
          refused++;
        }
      },
    ),
    { numRuns: 600, seed: 1 },
  );
  assert.ok(refused > 50 && read > 50, `${refused} refused, ${read} read`);
});
