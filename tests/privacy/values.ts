// True values of each kind, from the rules of those who give them out; none is a real person's but by chance.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { ALNUM, BASE64URL, CAPITALS, type Chance, DIGITS, HEX, LETTERS } from "./random.ts";

/** The value, and words that stand before it where it needs them to be told from a number of any kind. */
export interface Value {
  readonly text: string;
  readonly label?: string;
}

export type Make = (chance: Chance) => Value;

const FIRST =
  "jane john maria ahmed wei olga pierre ingrid carlos fatima yuki kwame priya lars chloe mateusz sofia liam noah emma aisha tomas elena david sara omar nina hugo lucia igor".split(
    " ",
  );
const LAST =
  "doe smith garcia muller nguyen kowalski rossi dubois tanaka okafor sharma hansen novak silva petrov jensen brown lopez haddad kim schneider costa moreau ito ali weber olsen varga byrne walsh".split(
    " ",
  );
const DOMAINS =
  "example.com mail.example.org gmail.com proton.me company.co.uk firma.de entreprise.fr empresa.com.br uni-wien.ac.at startup.io post.ch dev.acme.cloud web.de yandex.ru qq.com outlook.com mail.co.jp bigcorp.travel my-shop.store sub.dept.agency.gov".split(
    " ",
  );

export const email: Make = (c) => {
  const [first, last] = [c.pick(FIRST), c.pick(LAST)];
  const local = c.pick([
    () => `${first}.${last}`,
    () => `${first}_${last}`,
    () => `${first[0]}${last}`,
    () => `${first}${c.int(99)}`,
    () => `${first}.${last}+${c.pick(["x402", "news", "a1", "billing"])}`,
    () => `${last}-${first}`,
    () => `${first[0]?.toUpperCase()}${first.slice(1)}.${last[0]?.toUpperCase()}${last.slice(1)}`,
    () => `${last}${1950 + c.int(60)}`,
  ])();
  const domain = c.odds(0.2)
    ? `${c.text(4 + c.int(8), LETTERS)}.${c.pick(["com", "net", "org", "eu", "it", "xyz", "dev"])}`
    : c.pick(DOMAINS);
  return { text: `${local}@${domain}` };
};

/** Numbers as people of the country write them, with its code. */
const PHONES: readonly string[] = [
  "+1 N0# N## ####",
  "+1-N1N-N3#-####",
  "+1 (N0#) N4#-####",
  "+1N0#N3#####",
  "+1.N0#.N5#.####",
  "+44 20 7### ####",
  "+44 7### ######",
  "+447#########",
  "+44 (0)20 7### ####",
  "+49 30 ########",
  "+49 151 ########",
  "+4915########",
  "+49-89-#######Z",
  "+33 6 ## ## ## ##",
  "+33 1 ## ## ## ##",
  "+336########",
  "+34 6## ## ## ##",
  "+34 91 ### ## ##",
  "+39 06 #### ####",
  "+39 33# #######",
  "+31 6 ########",
  "+31 20 ### ####",
  "+32 47# ## ## ##",
  "+41 44 ### ## ##",
  "+41 79 ### ## ##",
  "+43 1 #######",
  "+43 664 #######",
  "+45 N# ## ## ##",
  "+46 70 ### ## ##",
  "+47 9## ## ###",
  "+358 40 ### ####",
  "+48 5## ### ###",
  "+420 6## ### ###",
  "+421 9## ### ###",
  "+36 20 ### ####",
  "+40 7## ### ###",
  "+359 88 ### ####",
  "+30 69# ### ####",
  "+351 91# ### ###",
  "+353 8# ### ####",
  "+354 6## ####",
  "+372 5### ####",
  "+370 6## #####",
  "+371 2### ####",
  "+380 67 ### ## ##",
  "+7 9## ###-##-##",
  "+7 (495) ###-##-##",
  "+90 53# ### ## ##",
  "+972 5#-###-####",
  "+971 50 ### ####",
  "+966 5# ### ####",
  "+20 10 #### ####",
  "+27 8# ### ####",
  "+234 80# ### ####",
  "+254 7## ######",
  "+212 6 ## ## ## ##",
  "+91 9#### #####",
  "+91-98########",
  "+92 30# #######",
  "+880 17## ######",
  "+94 77 ### ####",
  "+86 13# #### ####",
  "+86 10 #### ####",
  "+852 9### ####",
  "+886 9## ### ###",
  "+81 90-####-####",
  "+81 3-####-####",
  "+82 10-####-####",
  "+65 9### ####",
  "+60 12-### ####",
  "+66 8# ### ####",
  "+84 9# ### ####",
  "+62 812-####-####",
  "+63 917 ### ####",
  "+61 4## ### ###",
  "+61 2 9### ####",
  "+64 21 ### ####",
  "+55 11 9####-####",
  "+55 (21) 9####-####",
  "+54 9 11 ####-####",
  "+56 9 #### ####",
  "+57 30# ### ####",
  "+51 9## ### ###",
  "+52 55 #### ####",
  "+58 412-#######",
  "+593 9# ### ####",
  "+506 8### ####",
  "+507 6###-####",
  "+502 5### ####",
];
const TELLING = [
  "phone ",
  "tel: ",
  "Tel. ",
  "mobile: ",
  "phone=",
  "tel=",
  "WhatsApp ",
  "phone_number=",
  "mobile number: ",
  "fax: ",
  '"phone":"',
  "cell ",
];
/** Without the code: only the words before say so. */
const NATIONAL = [
  "020 7### ####",
  "07### ######",
  "030 #######Z",
  "0151 ########",
  "06 ## ## ## ##",
  "01 ## ## ## ##",
  "91# ### ###",
  "0N#-###-####",
  "0412 ### ###",
  "N0########",
  "N1N N## ####",
  "8 9## ###-##-##",
  "06########",
  "0044 20 7### ####",
];

export const phone: Make = (c) => {
  if (c.odds(0.2)) return { text: c.digits(c.pick(NATIONAL)), label: c.pick(TELLING) };
  if (c.odds(0.25))
    return {
      text: c.digits(c.pick(["(N0#) N3#-####", "N0Z-N4#-####", "N1N.N5#.####", "1-N0#-N6#-####", "(N0#)N3#-####"])),
    };
  const written = c.digits(c.pick(PHONES));
  return { text: c.odds(0.3) ? written.replace("(0)", "").replaceAll(/[ ().-]/g, "") : written };
};

const serial = (c: Chance): string => String(1 + c.int(9999)).padStart(4, "0");

export const ssn: Make = (c) => {
  let area = 1 + c.int(899);
  if (area === 666) area = 667;
  const parts = [String(area).padStart(3, "0"), String(1 + c.int(99)).padStart(2, "0"), serial(c)];
  if (c.odds(0.5)) return { text: parts.join("-") };
  return {
    text: parts.join(c.pick(["-", " ", ""])),
    label: c.pick(["SSN ", "ssn=", "social security number: ", "ssn: ", '"ssn":"', "Social Security No. "]),
  };
};

export const itin: Make = (c) => {
  const group = c.pick([50, 57, 65, 70, 78, 88, 90, 92, 94, 99]);
  const parts = [`9${c.text(2, DIGITS)}`, String(group), serial(c)];
  return {
    text: parts.join(c.pick(["-", ""])),
    label: c.pick(["ITIN ", "itin=", "taxpayer id: ", "individual taxpayer number "]),
  };
};

export const passport: Make = (c) => ({
  text: c.odds(0.5) ? `${c.text(1, CAPITALS)}${c.text(8, DIGITS)}` : `${1 + c.int(9)}${c.text(8, DIGITS)}`,
  label: c.pick([
    "passport ",
    "passport no. ",
    "US passport number: ",
    "passport=",
    "passport_number=",
    "Passport No: ",
  ]),
});

function luhnDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}

const ISSUERS: readonly (readonly [prefix: string, length: number])[] = [
  ["4", 16],
  ["4", 16],
  ["4", 16],
  ["4", 13],
  ["4", 19],
  ["51", 16],
  ["55", 16],
  ["53", 16],
  ["2221", 16],
  ["2720", 16],
  ["34", 15],
  ["37", 15],
  ["6011", 16],
  ["65", 16],
  ["644", 16],
  ["3528", 16],
  ["3589", 16],
  ["36", 14],
  ["305", 14],
  ["38", 14],
  ["62", 16],
  ["5018", 16],
  ["6304", 16],
  ["2200", 16],
];

/** A number of an issuer with its check digit; ungrouped. */
export function cardNumber(c: Chance): string {
  const [prefix, length] = c.pick(ISSUERS);
  const body = prefix + c.text(length - prefix.length - 1, DIGITS);
  return body + luhnDigit(body);
}

export const card: Make = (c) => {
  const number = cardNumber(c);
  if (c.odds(0.5)) return { text: number };
  const form =
    number.length === 15
      ? /^(.{4})(.{6})(.{5})$/
      : number.length === 14
        ? /^(.{4})(.{6})(.{4})$/
        : /^(.{4})(.{4})(.{4})(.{4})(.{3})?$/;
  if (!form.test(number)) return { text: number };
  const parts = (form.exec(number) ?? []).slice(1).filter((part) => part !== undefined);
  return { text: parts.join(c.pick([" ", "-"])) };
};

/** Country, and the form of what follows the check digits. */
const ACCOUNTS =
  "DE8n10n GB4a6n8n FR10n11c2n ES20n IT1a10n12c NL4a10n BE12n AT16n CH5n12c PL24n PT21n IE4a14n SE20n NO11n DK14n FI14n CZ20n SK20n HU24n RO4a16c BG4a6n8c HR17n SI15n LT16n LV4a13c EE16n GR7n16c CY8n16c MT4a5n18c LU3n13c TR6n16c UA6n19c AE19n SA2n18c IL19n BR23n1a1c PK4a16c KZ3n13c GE2a16n MD20c".split(
    " ",
  );

export function ibanOf(c: Chance): string {
  const form = c.pick(ACCOUNTS);
  const country = form.slice(0, 2);
  const alphabets: Record<string, string> = { n: DIGITS, a: CAPITALS, c: CAPITALS + DIGITS };
  const body = [...form.slice(2).matchAll(/(\d+)([nac])/g)]
    .map(([, count, kind]) => c.text(Number(count), alphabets[kind as string] as string))
    .join("");
  const number = [...`${body}${country}00`]
    .map((sign) => (/\d/.test(sign) ? sign : String(sign.charCodeAt(0) - 55)))
    .join("");
  const check = 98n - (BigInt(number) % 97n);
  return `${country}${String(check).padStart(2, "0")}${body}`;
}

export const iban: Make = (c) => {
  const text = ibanOf(c);
  return { text: c.odds(0.4) ? (text.match(/.{1,4}/g) ?? []).join(" ") : c.odds(0.15) ? text.toLowerCase() : text };
};

export const ip: Make = (c) => {
  if (c.odds(0.3)) {
    const groups = Array.from({ length: 8 }, (_, place) =>
      place === 0
        ? c.pick(["2001", "2003", "2600", "2606", "2a00", "2a02", "2a01", "2400"])
        : c.text(1 + c.int(4), HEX),
    );
    groups[1] = c.pick(["4860", "4700", "1450", "8070", "c0c0"]);
    if (c.odds(0.5))
      return { text: `${groups.slice(0, 2 + c.int(3)).join(":")}::${groups.slice(7 - c.int(2)).join(":")}` };
    return { text: groups.join(":") };
  }
  const first = c.pick([5, 23, 31, 46, 52, 62, 77, 81, 88, 93, 104, 109, 142, 151, 178, 185, 188, 195, 203, 212, 217]);
  const second = first === 203 ? 5 + c.int(90) : c.int(256);
  return { text: `${first}.${second}.${c.int(256)}.${1 + c.int(254)}` };
};

function jwt(c: Chance): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: c.pick(["HS256", "RS256", "ES256"]), typ: "JWT" })}.${part({ sub: c.text(10, DIGITS), iat: 1_767_600_000 + c.int(9999) })}.${c.text(43, BASE64URL)}`;
}

const lively = (c: Chance, length: number, alphabet: string): string => {
  for (;;) {
    const text = c.text(length, alphabet);
    if (/\d/.test(text) && /[a-zA-Z]/.test(text) && new Set(text).size >= 9 && /^\w.*\w$/.test(text)) return text;
  }
};

export const key: Make = (c) =>
  c.pick<() => Value>([
    () => ({ text: `sk-proj-${lively(c, 48, ALNUM)}` }),
    () => ({ text: `sk_live_${lively(c, 24, ALNUM)}` }),
    () => ({ text: `ghp_${lively(c, 36, ALNUM)}` }),
    () => ({ text: `github_pat_${lively(c, 22, ALNUM)}_${lively(c, 59, ALNUM)}` }),
    () => ({ text: `glpat-${lively(c, 20, ALNUM)}` }),
    () => ({ text: `xoxb-${c.text(12, DIGITS)}-${c.text(12, DIGITS)}-${lively(c, 24, ALNUM)}` }),
    () => ({ text: `AKIA${lively(c, 16, `${CAPITALS}234567`)}` }),
    () => ({ text: `AIza${lively(c, 35, ALNUM)}` }),
    () => ({ text: `hf_${lively(c, 34, ALNUM)}` }),
    () => ({ text: `npm_${lively(c, 36, ALNUM)}` }),
    () => ({ text: jwt(c) }),
    () => ({
      text: lively(c, 32, HEX),
      label: c.pick(["api_key=", "apikey=", "X-API-Key: ", "access_token=", "client_secret="]),
    }),
    () => ({
      text: lively(c, 40, ALNUM),
      label: c.pick(["Authorization: Bearer ", "access_token=", "token=", "auth_token=", "key="]),
    }),
    () => ({ text: lively(c, 32, ALNUM), label: c.pick(["uk=", "partner=", "x=", "app="]) }),
    () => ({
      text: `${c.pick(LAST)}${c.int(9999)}!${c.text(2, CAPITALS)}`,
      label: c.pick(["password=", "pwd=", "passwd="]),
    }),
  ])();

export const privateKey: Make = (c) => {
  if (c.odds(0.4)) {
    const body = (c.text(160 + c.int(600), `${ALNUM}+/`).match(/.{1,64}/g) ?? []).join("\n");
    const kind = c.pick(["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"]);
    return { text: `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----` };
  }
  return {
    text: `${c.pick(["0x", ""])}${lively(c, 64, HEX)}`,
    label: c.pick(["private key ", "private_key=", "PRIVATE_KEY=", "secret key: ", "my private key is "]),
  };
};

const require = createRequire(import.meta.url);
const { wordlist } = require("@scure/bip39/wordlists/english") as { wordlist: string | readonly string[] };
export const WORDS: readonly string[] = typeof wordlist === "string" ? wordlist.split("\n") : wordlist;

export const seed: Make = (c) => {
  const bytes = Uint8Array.from({ length: c.pick([16, 16, 20, 24, 28, 32]) }, () => c.int(256));
  const bits = (data: Uint8Array): string => [...data].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const check = bits(createHash("sha256").update(bytes).digest()).slice(0, bytes.length / 4);
  const words = (`${bits(bytes)}${check}`.match(/.{11}/g) ?? []).map((place) => WORDS[Number.parseInt(place, 2)]);
  return { text: words.join(c.pick([" ", " ", "+", "-", ","])) };
};

/** How often each kind comes, and what makes it. */
export const KINDS: Readonly<Record<string, { readonly make: Make; readonly share: number }>> = {
  EMAIL_ADDRESS: { make: email, share: 20 },
  PHONE_NUMBER: { make: phone, share: 20 },
  US_SSN: { make: ssn, share: 8 },
  US_ITIN: { make: itin, share: 4 },
  US_PASSPORT: { make: passport, share: 4 },
  CREDIT_CARD: { make: card, share: 12 },
  IBAN_CODE: { make: iban, share: 10 },
  IP_ADDRESS: { make: ip, share: 10 },
  API_KEY: { make: key, share: 12 },
  PRIVATE_KEY: { make: privateKey, share: 4 },
  SEED_PHRASE: { make: seed, share: 4 },
};
