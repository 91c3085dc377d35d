/**
 * Which addresses a webhook must never reach: this machine, the networks round it, and the cloud's metadata. By number,
 * so that no spelling gets past.
 */

/** [first address, bits that count]. RFC 6890 and its successors; the metadata services are among the link-local ones. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

const PRIVATE_V6: readonly (readonly [string, number])[] = [
  ["::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
];

/** IPv6 addresses that carry an IPv4 address, and how many bits stand after it. */
const CARRIES_V4: readonly (readonly [string, number, number])[] = [
  ["::ffff:0:0", 96, 0],
  ["::ffff:0:0:0", 96, 0],
  ["64:ff9b::", 96, 0],
  ["2002::", 16, 80],
];

/** True for an address that is not a plain public one; also for a text that is no address. */
export function isPrivateAddress(address: string): boolean {
  const four = v4(address);
  if (four !== undefined)
    return PRIVATE_V4.some(([from, bits]) => four >> BigInt(32 - bits) === (v4(from) ?? 0n) >> BigInt(32 - bits));
  const six = v6(address);
  if (six === undefined) return true;
  const within = (from: string, bits: number): boolean =>
    six >> BigInt(128 - bits) === (v6(from) ?? 0n) >> BigInt(128 - bits);
  for (const [from, bits, after] of CARRIES_V4) {
    if (within(from, bits)) return isPrivateAddress(dotted((six >> BigInt(after)) & 0xffff_ffffn));
  }
  return PRIVATE_V6.some(([from, bits]) => within(from, bits));
}

/** Whether the text is an IP address, with or without the brackets of a URL. */
export function isAddress(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return v4(bare) !== undefined || v6(bare) !== undefined;
}

function v4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function v6(text: string): bigint | undefined {
  const [bare = ""] = text.split("%");
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  const last = tail?.[2] === undefined ? undefined : v4(tail[2]);
  if (tail !== null && last === undefined) return undefined;
  const whole =
    last === undefined ? bare : `${tail?.[1] ?? ""}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`;
  const halves = whole.split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...left, ...Array<string>(missing).fill("0"), ...right];
  if (!all.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  return all.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}

function dotted(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join(".");
}
