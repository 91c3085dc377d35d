import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { inflate } from "../../js/core/inflate.ts";

const module = readFileSync(new URL("../../js/core/generated/core.wasm", import.meta.url));
const samples: Readonly<Record<string, Uint8Array>> = {
  module,
  nothing: Buffer.alloc(0),
  zeros: Buffer.alloc(100_000),
  noise: randomBytes(70_000),
  words: Buffer.from("the larger of what was held and what was signed; ".repeat(50)),
};

for (const [name, bytes] of Object.entries(samples)) {
  for (const level of [0, 1, 9]) {
    for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]) {
      test(`${name} comes back from level ${level}, strategy ${strategy}`, () => {
        const unpacked = inflate(deflateRawSync(bytes, { level, strategy }), bytes.length);
        assert.ok(Buffer.from(unpacked).equals(bytes));
      });
    }
  }
}

test("what is damaged or cut off ends with an error, or with other bytes, and never hangs", () => {
  const packed = deflateRawSync(module, { level: 9 });
  assert.throws(() => inflate(packed.subarray(0, 1000), module.length), /damaged|cut off/);
  assert.throws(() => inflate(packed, module.length - 1), /longer than it says/);
  assert.throws(() => inflate(new Uint8Array([7]), 10), /damaged/);
  for (let at = 0; at < 200; at++) {
    const broken = Uint8Array.from(packed.subarray(0, 20_000));
    broken[at * 97] = (broken[at * 97] ?? 0) ^ (1 << (at % 8));
    try {
      inflate(broken, module.length);
    } catch (error) {
      assert.match(String(error), /packed module/);
    }
  }
});
