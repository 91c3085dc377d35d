// The same detectors as a JavaScript programmer would write them: one expression for each kind, then the same checks.
// The bench measures the core against it. It sees through no encoding and knows no context, so it does less.

import type { Label } from "./corpus.ts";

const EXPRESSIONS: readonly (readonly [entity: string, expression: RegExp, check?: (text: string) => boolean])[] = [
  ["EMAIL_ADDRESS", /[A-Za-z0-9][A-Za-z0-9._+'-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}/g],
  ["US_SSN", /(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g],
  ["CREDIT_CARD", /(?<![\w.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{5})(?![\w.])/g, luhn],
  [
    "PHONE_NUMBER",
    /(?<![\w+])\+\d[\d ().-]{6,18}\d(?!\w)|(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w-])/g,
  ],
  ["IBAN_CODE", /(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)/gi, mod97],
  ["IP_ADDRESS", /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g, isPublic],
  ["IP_ADDRESS", /(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}:?[0-9a-f]{1,4}(?![\w:])/gi],
  ["US_PASSPORT", /(?<=passport[^\n]{0,20})(?<!\w)[A-Z]?\d{8,9}(?!\w)/gi],
  ["US_ITIN", /(?<=itin[^\n]{0,20})(?<!\w)9\d{2}-?[5-9]\d-?\d{4}(?!\w)/gi],
  ["API_KEY", /(?<!\w)(?:sk-|sk_live_|sk_test_|gh[pousr]_|github_pat_|glpat-|xox[bpas]-|AIza|hf_|npm_)[\w-]{16,}/g],
  ["API_KEY", /(?<!\w)A(?:KI|SI)A[A-Z0-9]{16}(?!\w)/g],
  ["API_KEY", /(?<!\w)eyJ[\w-]{10,}\.[\w-]{8,}\.[\w-]*/g],
  ["API_KEY", /(?<=(?:api_?key|token|secret|password)=)[^&\s"']{8,}/gi],
  ["PRIVATE_KEY", /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g],
  ["SEED_PHRASE", /(?<![a-z])(?:[a-z]{3,8}[ +,-]){11,23}[a-z]{3,8}(?![a-z])/g],
];

export function findByRegex(text: string): readonly Label[] {
  const found: Label[] = [];
  for (const [entity, expression, check] of EXPRESSIONS) {
    expression.lastIndex = 0;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      if (check === undefined || check(match[0]))
        found.push({ entity, start: match.index, end: match.index + match[0].length });
    }
  }
  return found;
}

function luhn(text: string): boolean {
  let [sum, place] = [0, 0];
  for (let i = text.length - 1; i >= 0; i--) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) continue;
    const counted = place % 2 === 0 ? digit : digit * 2;
    sum += counted > 9 ? counted - 9 : counted;
    place += 1;
  }
  return sum % 10 === 0;
}

function mod97(text: string): boolean {
  const compact = text.replaceAll(" ", "").toUpperCase();
  let rest = 0;
  for (const sign of compact.slice(4) + compact.slice(0, 4)) {
    const code = sign.charCodeAt(0);
    rest = code < 58 ? (rest * 10 + code - 48) % 97 : (rest * 100 + code - 55) % 97;
  }
  return rest === 1;
}

function isPublic(text: string): boolean {
  const parts = text.split(".").map(Number);
  const [a = 0, b = 0] = parts;
  if (parts.some((part) => part > 255)) return false;
  return !(
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 192 && b === 168) ||
    (a === 172 && b >= 16 && b < 32)
  );
}
