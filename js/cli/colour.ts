/** Colours for a person at a terminal; nothing for a pipe, or where `NO_COLOR` is set (https://no-color.org). */

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = (colour: keyof typeof CODES, text: string) => string;

/** A colour ends where it was meant to, so lines can be put together from painted parts. */
export function painter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Paint {
  const off = stream.isTTY !== true || (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return off ? (_, text) => text : (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}

/** So many of something, in words. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
