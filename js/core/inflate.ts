/**
 * Decompression of raw deflate (RFC 1951), at once: what browsers have built in answers later, and a decision can't wait.
 * Node, Deno and Bun have their own, which is quicker. What comes in is our own module, but a damaged one must not hang.
 */

import { builtin } from "../builtin.ts";

interface Zlib {
  inflateRawSync(bytes: Uint8Array, options: { readonly chunkSize: number }): Uint8Array<ArrayBuffer>;
}

/** Unpacks into `size` bytes. Throws if it comes out otherwise. */
export function unpack(packed: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const zlib = builtin("node:zlib") as Zlib | undefined;
  // In one piece: by default it comes in pieces of 16 kB, which are copied together.
  const bytes = zlib === undefined ? inflate(packed, size) : zlib.inflateRawSync(packed, { chunkSize: size });
  if (bytes.length !== size) throw new Error(`${bytes.length} bytes unpacked, ${size} expected`);
  return bytes;
}

// Section 3.2.5: from the symbol 257 on, and for each distance, the smallest value and the number of extra bits.
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/** Section 3.2.7: the order in which the lengths of the codes for lengths stand. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A code: what the next `bits` bits mean, as symbol × 16 + length; 0 for what is no code. */
interface Code {
  readonly bits: number;
  readonly meaning: Uint16Array;
}

/** Section 3.2.2: the code with these lengths. */
function codeOf(lengths: readonly number[]): Code {
  const bits = Math.max(1, ...lengths);
  const meaning = new Uint16Array(1 << bits);
  let code = 0;
  for (let length = 1; length <= bits; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      let reversed = 0;
      for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
      for (let at = reversed; at < meaning.length; at += 1 << length) meaning[at] = symbol * 16 + length;
      code += 1;
    }
    code <<= 1;
  }
  return { bits, meaning };
}

/** Decompresses at most `size` bytes. Exported for its test: `unpack` uses it where there is nothing better. */
export function inflate(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let [written, at, held, count] = [0, 0, 0, 0];

  function need(bits: number): void {
    while (count < bits) {
      // Past the end there are zeros: the last code may look further than it is long.
      held |= (packed[at] ?? 0) << count;
      at += 1;
      count += 8;
      if (at > packed.length + 4) throw new Error("the packed module is cut off");
    }
  }

  function take(bits: number): number {
    need(bits);
    const value = held & ((1 << bits) - 1);
    held >>>= bits;
    count -= bits;
    return value;
  }

  function next({ bits, meaning }: Code): number {
    need(bits);
    const found = meaning[held & ((1 << bits) - 1)] ?? 0;
    if (found === 0) throw new Error("the packed module is damaged");
    held >>>= found & 15;
    count -= found & 15;
    return found >> 4;
  }

  function stored(): void {
    take(count & 7);
    const length = take(16);
    take(16);
    for (let left = length; left > 0; left--) put(take(8));
  }

  function put(byte: number): void {
    if (written >= size) throw new Error("the packed module is longer than it says");
    out[written++] = byte;
  }

  function codes(): readonly [Code, Code] {
    const [literals, distances, used] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const own = new Array<number>(19).fill(0);
    for (const place of ORDER.slice(0, used)) own[place] = take(3);
    const code = codeOf(own);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const symbol = next(code);
      const before = lengths.at(-1) ?? 0;
      if (symbol < 16) lengths.push(symbol);
      else if (symbol === 16) lengths.push(...new Array<number>(3 + take(2)).fill(before));
      else lengths.push(...new Array<number>(symbol === 17 ? 3 + take(3) : 11 + take(7)).fill(0));
    }
    return [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals, literals + distances))];
  }

  function block(literal: Code, distance: Code): void {
    for (let symbol = next(literal); symbol !== 256; symbol = next(literal)) {
      if (symbol < 256) {
        put(symbol);
        continue;
      }
      const length = (LENGTHS[symbol - 257] ?? 0) + take(LENGTH_BITS[symbol - 257] ?? 0);
      const far = next(distance);
      const extra = far < 4 ? 0 : (far >> 1) - 1;
      const back = far < 4 ? far + 1 : ((2 + (far & 1)) << extra) + 1 + take(extra);
      if (back > written) throw new Error("the packed module is damaged");
      for (let left = length; left > 0; left--) put(out[written - back] ?? 0);
    }
  }

  for (let last = 0; last === 0; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) stored();
    else if (kind === 2) block(...codes());
    else if (kind === 1) block(fixed(), codeOf(new Array<number>(30).fill(5)));
    else throw new Error("the packed module is damaged");
  }
  return out.subarray(0, written);
}

/** Section 3.2.6. */
const fixed = () =>
  codeOf(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)));
