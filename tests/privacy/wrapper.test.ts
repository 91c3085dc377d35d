// Personal data stays in: the agent's request is looked through before the first byte leaves, the offer before anything is
// held, and what the warden says of it afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  memoryStore,
  openWardenWithControl,
  PaymentDenied,
  type PersonalData,
  policy,
  type Recogniser,
  type WardenOptions,
} from "../../js/index.ts";
import { patternRecogniser } from "../../js/privacy/index.ts";
import { encodeBase64 } from "../../js/x402/wire.ts";
import { offer } from "../cli/support.ts";

const POLICY = { payment: { max_usd: "1" } };
const URL_ = "https://api.example.com/weather";

interface Seen {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A seller that records what reaches it, and asks for money if it has an offer. */
function seller(asks?: object): { readonly fetch: typeof fetch; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  return {
    seen,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      seen.push({ url: request.url, headers: request.headers, body: await request.text() });
      if (asks === undefined || request.headers.has("payment-signature") || request.headers.has("x-payment")) {
        return new Response("sunny");
      }
      return new Response("{}", { status: 402, headers: { "payment-required": encodeBase64(JSON.stringify(asks)) } });
    },
  };
}

async function open(privacy: object | undefined, more: Partial<WardenOptions> = {}) {
  const store = memoryStore();
  const policy = privacy === undefined ? POLICY : { ...POLICY, privacy };
  return openWardenWithControl({ policy, store, agent: "a1", ...more });
}

async function refused(work: Promise<unknown>): Promise<PaymentDenied> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof PaymentDenied, String(error));
    return error;
  }
  throw new Error("it was not refused");
}

test("what is wrong with a section is told, with what is wrong elsewhere, and a reload to it is refused", async () => {
  const wrong = { payment: { max_uds: "1" }, privacy: { action: "redcat", rules: [{ then: "warn", place: [] }] } };
  const told = { code: "policy_invalid", message: /max_usd.*privacy\.action.*`redact`.*privacy\.rules\[0\]\.place/s };
  await assert.rejects(openWardenWithControl({ policy: wrong, store: memoryStore() }), told);
  assert.throws(() => policy(wrong as object), told);
  const { warden, control } = await open({});
  await assert.rejects(control.reload({ ...POLICY, privacy: 7 }), /privacy: expected a table/);
  await assert.rejects(control.reload({ ...POLICY, privacy: { headers: ["x-payment"] } }), /carries the payment/);
  assert.equal(warden.policy.privacy, "{}");
});

test("without a section nothing is looked for", async () => {
  const { warden } = await open(undefined);
  const { fetch, seen } = seller();
  await warden.fetch(fetch)(`${URL_}/jane@example.com?q=jane@example.com`);
  assert.equal(seen[0]?.url, `${URL_}/jane@example.com?q=jane@example.com`);
});

test("a query is redacted before the first request, and the rest of the request stays", async () => {
  const { warden } = await open({});
  const { fetch, seen } = seller();
  await warden.fetch(fetch)(`${URL_}?q=jane%40example.com&n=7&to=jane@example.com`, {
    method: "POST",
    body: "body",
    headers: { "x-a": "b" },
  });
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.url, `${URL_}?q=[EMAIL_ADDRESS_1]&n=7&to=[EMAIL_ADDRESS_1]`);
  assert.equal(seen[0]?.body, "body");
  assert.equal(seen[0]?.headers.get("x-a"), "b");
});

test("a path is never rewritten: it is blocked, and nothing is sent", async () => {
  const { warden } = await open({});
  const { fetch, seen } = seller();
  const error = await refused(warden.fetch(fetch)(`${URL_}/jane@example.com`));
  assert.equal(error.code, "personal_data_bound");
  assert.match(error.message, /EMAIL_ADDRESS in the path of the URL/);
  assert.doesNotMatch(error.message, /jane/);
  assert.equal(seen.length, 0);
});

test("block blocks, warn tells, allow says nothing", async () => {
  const found: PersonalData[] = [];
  const rules = [
    { places: ["query"], entities: ["US_SSN"], then: "block" },
    { places: ["query"], entities: ["EMAIL_ADDRESS"], then: "warn" },
    { places: ["query"], entities: ["IP_ADDRESS"], then: "allow" },
  ];
  const { warden } = await open({ rules }, { onPersonalData: (data) => found.push(data) });
  const { fetch, seen } = seller();
  const error = await refused(warden.fetch(fetch)(`${URL_}?ssn=123-45-6789`));
  assert.equal(error.code, "personal_data");
  assert.equal(seen.length, 0);
  await warden.fetch(fetch)(`${URL_}?q=jane@example.com`);
  await warden.fetch(fetch)(`${URL_}?q=8.8.4.4`);
  assert.deepEqual(
    seen.map(({ url }) => url),
    [`${URL_}?q=jane@example.com`, `${URL_}?q=8.8.4.4`],
  );
  assert.deepEqual(found, [
    { place: "query", action: "block", entities: ["US_SSN"] },
    { place: "query", action: "warn", entities: ["EMAIL_ADDRESS"] },
  ]);
});

test("headers that are named are looked through, and no others", async () => {
  const { warden } = await open({ headers: ["X-User"], action: "mask" });
  const { fetch, seen } = seller();
  await warden.fetch(fetch)(URL_, { headers: { "x-user": "jane@example.com", "x-other": "jane@example.com" } });
  assert.equal(seen[0]?.headers.get("x-user"), "j***@***");
  assert.equal(seen[0]?.headers.get("x-other"), "jane@example.com");
});

test("what a payment carries is not rewritten: an offer of version 2 with a name in it is not paid", async () => {
  const { warden } = await open({});
  const pay = warden.payingFetch({
    pay: async () => assert.fail("the signer was reached"),
    fetch: seller(offer("10000", "for jane@example.com")).fetch,
  });
  const error = await refused(pay(URL_));
  assert.equal(error.code, "personal_data_bound");
  assert.match(error.message, /resource\.description/);
  assert.deepEqual(await warden.budgets(), []);
});

test("an offer with nothing in it is held and signed, over a redacted query, word for word", async () => {
  const { warden } = await open({});
  const { fetch, seen } = seller(offer());
  let shown: unknown;
  const pay = warden.payingFetch({
    fetch,
    pay: async ({ accept }) => {
      shown = accept;
      throw new Error("no key here");
    },
  });
  await assert.rejects(pay(`${URL_}?q=jane@example.com`), /no key here/);
  assert.deepEqual(shown, (offer() as { accepts: unknown[] }).accepts[0]);
  assert.equal(seen[0]?.url, `${URL_}?q=[EMAIL_ADDRESS_1]`);
});

test("messages are redacted, and so are decisions", async () => {
  const { warden, control } = await open({ rules: [{ places: ["query", "url_path"], then: "warn" }] });
  const decision = await warden.authorize({ url: "http://8.8.8.8/jane@example.com", offer: offer() });
  assert.equal(decision.action, "deny");
  assert.doesNotMatch(JSON.stringify(decision), /8\.8\.8\.8/);
  await warden.freeze("asked for by jane@example.com");
  const frozen = await warden.check({ url: URL_, offer: offer() });
  assert.match(frozen.message ?? "", /asked for by \[EMAIL_ADDRESS_1\]/);
  await control.unfreeze();
});

test("a recogniser adds to what is found; one that fails denies", async () => {
  const staff = patternRecogniser("X_STAFF_ID", /\bE-\d{6}\b/);
  const { warden } = await open({}, { recognisers: [staff] });
  const { fetch, seen } = seller();
  await warden.fetch(fetch)(`${URL_}?by=E-123456&q=jane@example.com`);
  assert.equal(seen[0]?.url, `${URL_}?by=[X_STAFF_ID_1]&q=[EMAIL_ADDRESS_1]`);
  for (const broken of [
    { recognise: () => assert.fail("out of order") },
    { recognise: () => [{ entity: "X_A", start: 0, end: 9_999 }] },
    { recognise: () => [{ entity: "nonsense", start: 0, end: 1 }] },
  ] satisfies Recogniser[]) {
    const { warden } = await open({}, { recognisers: [broken] });
    await assert.rejects(warden.fetch(fetch)(`${URL_}?q=hello`));
  }
  assert.equal(seen.length, 1);
});

test("the same person has the same hash under the same key", async () => {
  const urls: string[] = [];
  for (const key of [1, 1, 2]) {
    const { warden } = await open({ action: "hash" }, { privacyKey: new Uint8Array(32).fill(key) });
    const { fetch, seen } = seller();
    await warden.fetch(fetch)(`${URL_}?q=Jane@example.com`);
    urls.push(seen[0]?.url ?? "");
  }
  assert.match(urls[0] ?? "", /\?q=\[EMAIL_ADDRESS:[a-p]{16}\]$/);
  assert.equal(urls[0], urls[1]);
  assert.notEqual(urls[0], urls[2]);
});

test("a policy that is replaced counts from the next request on", async () => {
  const { warden, control } = await open(undefined);
  const { fetch, seen } = seller();
  const guarded = warden.fetch(fetch);
  await guarded(`${URL_}?q=jane@example.com`);
  await control.reload({ ...POLICY, privacy: { action: "block" } });
  await refused(guarded(`${URL_}?q=jane@example.com`));
  assert.equal(seen.length, 1);
  await control.reload({ ...POLICY, privacy: { action: "warn" } });
  await guarded(`${URL_}?q=jane@example.com`);
  assert.equal(seen.length, 2);
});
