/**
 * The lines of a stream. A line ends at a line feed and nowhere else: JSON text may hold U+2028, at which Node's own
 * `readline` would cut it in two. A line that can't be read is given as the reason why, and the next one goes on.
 */

/** Far longer than the core reads. The rest of a longer line is skipped, so that one can't fill the memory. */
const LONGEST = 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\u{feff}";

export type Line = { readonly text: string } | { readonly problem: string };

export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let first = true;

  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length <= LONGEST) parts.push(part);
  };
  const take = (): Line => {
    const line = length > LONGEST ? { problem: `the line is longer than ${LONGEST} bytes` } : decode(parts, first);
    [parts, length, first] = [[], 0, false];
    return line;
  };

  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  // The last line need not end.
  if (length > 0) yield take();
}

function decode(parts: readonly Uint8Array[], first: boolean): Line {
  const bytes = Buffer.concat(parts);
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end));
    return { text: first && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
  } catch {
    return { problem: "the line is not UTF-8" };
  }
}
