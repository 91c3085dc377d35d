// What looks like personal data and is none: numbers of things, times, versions, hashes, addresses of a chain.

import { ALNUM, BASE58, BASE64URL, CAPITALS, type Chance, DIGITS, HEX, LETTERS } from "./random.ts";
import { cardNumber, ibanOf, WORDS } from "./values.ts";

type Negative = readonly [kind: string, make: (chance: Chance) => string];

export const SENTENCES: readonly string[] = [
  "Weather report for the next seven days,",
  "Access to the dataset of market prices.",
  "Paid by the agent:",
  "One call of the translation service;",
  "See",
  "Settlement on Base,",
  "The facilitator answered:",
];

const hash = (c: Chance): string => `0x${c.text(64, HEX)}`;
const millis = (c: Chance): string => String(1_700_000_000_000 + c.int(100_000_000) * 1000 + c.int(1000));
const date = (c: Chance): string => new Date(Number(millis(c))).toISOString();
const uuid = (c: Chance): string =>
  `${c.text(8, HEX)}-${c.text(4, HEX)}-4${c.text(3, HEX)}-a${c.text(3, HEX)}-${c.text(12, HEX)}`;
const octet = (c: Chance): number => c.int(256);

function broken(number: string): string {
  const last = Number(number.at(-1));
  return number.slice(0, -1) + String((last + 1) % 10);
}

export const NEGATIVES: readonly Negative[] = [
  ["order number", (c) => `order ${c.text(8 + c.int(9), DIGITS)}`],
  [
    "order number",
    (c) =>
      c.pick([
        `order_id=${c.text(12, DIGITS)}`,
        `Order #${c.text(10, DIGITS)}`,
        `invoice ${c.digits("###-##-####")}`,
        `invoice INV-${c.digits("####-####-####")}`,
      ]),
  ],
  [
    "order number that could be a card",
    (c) => `${c.pick(["order ", "order_id=", "invoice no. ", "tracking number "])}${cardNumber(c)}`,
  ],
  ["card with a wrong check digit", (c) => broken(cardNumber(c))],
  ["digits of no issuer", (c) => `${c.pick(["7", "8", "9", "0"])}${c.text(15, DIGITS)}`],
  ["nine digits", (c) => `${c.pick(["id ", "item ", "part ", "", "user id "])}${c.text(9, DIGITS)}`],
  ["ten digits", (c) => `${c.pick(["id=", "seq ", "block ", "ts=", ""])}${c.text(10, DIGITS)}`],
  [
    "SSN that is never given out",
    (c) =>
      c.pick([
        `000-${c.digits("Z#-####")}`,
        `666-${c.digits("Z#-####")}`,
        `${c.digits("Z##")}-00-${c.digits("####")}`,
        `${c.digits("Z##-Z#")}-0000`,
      ]),
  ],
  [
    "version",
    (c) =>
      `${c.pick(["v", "version ", "release ", "build ", "Chrome/", "firmware "])}${c.int(30)}.${c.int(40)}.${c.int(200)}.${c.int(255)}`,
  ],
  [
    "version",
    (c) =>
      `${c.pick(["", "^", "v", "node@", "pkg@"])}${c.int(30)}.${c.int(40)}.${c.int(60)}${c.pick(["", "-beta.1", "-rc.2"])}`,
  ],
  ["time in milliseconds", (c) => `${c.pick(["", "t=", "timestamp "])}${millis(c)}`],
  ["time in micro- or nanoseconds", (c) => `${c.pick(["", "ts="])}${millis(c)}${c.text(c.pick([3, 6]), DIGITS)}`],
  ["date", date],
  ["date and time", (c) => date(c).replace("T", " ").slice(0, 19)],
  ["range of dates", (c) => `from ${date(c).slice(0, 10)} to ${date(c).slice(0, 10)}`],
  ["nonce", (c) => `nonce=${hash(c)}`],
  ["nonce", (c) => `nonce=${c.text(32, BASE64URL)}`],
  ["hash of a transaction", (c) => `${c.pick(["tx ", "", "transaction=", "hash: "])}${hash(c)}`],
  ["hash without 0x", (c) => c.text(64, HEX)],
  ["EVM address", (c) => `0x${c.text(40, `${HEX}ABCDEF`)}`],
  ["Solana address", (c) => c.text(44, BASE58)],
  ["Solana signature", (c) => c.text(88, BASE58)],
  ["UUID", uuid],
  ["git commit", (c) => `commit ${c.text(40, HEX)}`],
  ["IPFS", (c) => `ipfs://bafybei${c.text(52, `${LETTERS}234567`)}`],
  ["ETag", (c) => `etag="${c.text(32, HEX)}"`],
  ["trace", (c) => `traceparent: 00-${c.text(32, HEX)}-${c.text(16, HEX)}-01`],
  ["atomic amount", (c) => `amount ${1 + c.int(9)}${c.text(5 + c.int(14), "000123456789")}`],
  ["atomic amount", (c) => `"maxAmountRequired":"${1 + c.int(9)}${c.text(3 + c.int(6), DIGITS)}"`],
  ["price", (c) => `${c.int(10_000)}.${c.text(2, DIGITS)} USD`],
  ["number with thousands", (c) => `${c.digits("Z##,###,###")} tokens`],
  [
    "private IPv4",
    (c) =>
      c.pick([
        `10.${octet(c)}.${octet(c)}.${octet(c)}`,
        `192.168.${octet(c)}.${octet(c)}`,
        `172.16.${octet(c)}.${octet(c)}`,
        `127.0.0.1:${1024 + c.int(9999)}`,
      ]),
  ],
  ["IPv4 of documentation", (c) => `${c.pick(["192.0.2.", "198.51.100.", "203.0.113."])}${octet(c)}`],
  [
    "IPv6 of documentation or a private net",
    (c) =>
      c.pick([
        `2001:db8::${c.text(4, HEX)}`,
        `fe80::${c.text(4, HEX)}:${c.text(4, HEX)}`,
        `fd00:${c.text(4, HEX)}::1`,
        "::1",
      ]),
  ],
  ["MAC address", (c) => Array.from({ length: 6 }, () => c.text(2, HEX)).join(":")],
  ["time of day", (c) => c.digits("1#:3#:5#.###")],
  [
    "IBAN with wrong check digits",
    (c) =>
      ibanOf(c).replace(
        /^(..)(..)/,
        (_, country: string, check: string) => country + String(((Number(check) + 7) % 97) + 1).padStart(2, "0"),
      ),
  ],
  ["name of a file", (c) => `icon@${2 + c.int(2)}x.${c.pick(["png", "jpg", "webp"])}`],
  [
    "package",
    (c) =>
      c.pick([
        `@${c.text(5, LETTERS)}/${c.text(6, LETTERS)}@${c.int(9)}.${c.int(20)}.${c.int(20)}`,
        `git@github.com:${c.text(5, LETTERS)}/${c.text(6, LETTERS)}.git`,
        `${c.text(6, LETTERS)}@latest`,
      ]),
  ],
  ["handle", (c) => `by @${c.text(8, LETTERS)} on ${c.text(5, LETTERS)}.com`],
  ["coordinates", (c) => `${c.int(90)}.${c.text(6, DIGITS)},${c.int(180)}.${c.text(6, DIGITS)}`],
  ["ISBN", (c) => `ISBN ${c.digits("978-3-16-148###-#")}`],
  ["SKU", (c) => `sku ${c.text(3, CAPITALS)}-${c.text(5, DIGITS)}-${c.text(2, CAPITALS)}`],
  ["chain and token", () => "eip155:8453/0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"],
  [
    "cursor",
    (c) => `cursor=${Buffer.from(`{"offset":${c.int(9999)},"order":"${c.text(4, LETTERS)}"}`).toString("base64url")}`,
  ],
  [
    "base64 of harmless text",
    (c) => `q=${Buffer.from(`the weather in ${c.text(6, LETTERS)} on day ${c.int(99)}`).toString("base64")}`,
  ],
  [
    "random bytes in base64",
    (c) => `digest=${Buffer.from(Uint8Array.from({ length: 32 }, () => c.int(256))).toString("base64")}`,
  ],
  ["words of the list without a checksum", (c) => words(c)],
  [
    "prose",
    (c) =>
      c.pick([
        "the agent will fetch some data from the server and then write short notes about every single item found there",
        "please contact support if the call fails; text 404 means that nothing was found",
        "social media report with 250 posts and 12 charts",
        "card game statistics, season 2026, 120 tables",
      ]),
  ],
  [
    "token symbol",
    (c) => `token=${c.pick(["USDC", "EURC", "0x036CbD53842c5426634e7929541eC2318f3dCF7e"])}&key=weather`,
  ],
  ["slug", (c) => `/articles/${c.text(6, LETTERS)}-${c.text(8, LETTERS)}-${c.text(5, LETTERS)}-${c.int(99_999)}`],
  ["product with digits", (c) => `model ${c.text(2, CAPITALS)}${c.text(8, DIGITS)}`],
  ["letter and eight digits", (c) => `ticket ${c.text(1, CAPITALS)}${c.text(8, DIGITS)}`],
  ["public token name", (c) => `page_token=${c.text(24, ALNUM.toLowerCase())}`],
  ["percent in prose", (c) => `${c.int(100)}% of ${c.int(999)} requests & ${c.int(9)} retries (at most)`],
];

/** Twelve words whose last one is not the right one. */
function words(c: Chance): string {
  const first = c.int(WORDS.length - 40);
  return Array.from({ length: 11 }, (_, place) => WORDS[first + place]).join(" ");
}
