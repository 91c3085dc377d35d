// One suite for every runtime: it takes the package and the shared events, needs no test framework and no file, and gives
// a list of what it found. Node, Deno, Bun, workerd and Chromium each run it by a few lines of their own
// (pkg-scripts/package/runtimes.mjs).

const offer = (amount, url = "https://api.example.com/report") => ({
  x402Version: 2,
  resource: { url, description: "report" },
  accepts: [
    {
      scheme: "exact",
      network: "eip155:84532",
      amount,
      asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
      payTo: "0x1111111111111111111111111111111111111111",
      maxTimeoutSeconds: 300,
      extra: { name: "USDC", version: "2" },
    },
  ],
});

const POLICY = `
name = "runtimes"
vendors.allow = ["*.example.com", 'regex:pay\\d+\\.test/.*']
payment.max_usd = "1"

[[budgets]]
name = "daily"
limit_usd = "0.05"
window = "day"
time_zone = "Europe/Berlin"
per = "agent"
`;

function equal(got, wanted, what) {
  const [left, right] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: got ${left}, wanted ${right}`);
}

async function sha256(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function thrown(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/**
 * @param pkg what `import * as pkg from "tollwarden"` gives
 * @param events the shared events: `{ file: { digest, cases: [{ policy, lines }] } }`
 * @param expected `defaultStore`: whether this runtime has a store by itself, or undefined to leave that out
 * @returns {Promise<readonly { name: string, error?: string }[]>}
 */
export async function runCases(pkg, events, expected = {}) {
  const at = Date.UTC(2026, 0, 5, 10);
  const open = (more = {}) =>
    pkg.openWardenWithControl({
      policy: POLICY,
      store: pkg.memoryStore({ now: () => at }),
      now: () => at,
      agent: "a1",
      ...more,
    });
  const ask = (warden, id, amount) =>
    warden.authorize({ id, url: "https://api.example.com/report", offer: offer(amount) });

  const cases = {
    "a payment within the policy is allowed and held; its budget says so": async () => {
      const { warden } = await open();
      const decision = await ask(warden, "p1", "10000");
      equal(
        [decision.action, decision.reason, decision.amount, decision.usd],
        ["allow", "allowed", "10000", "0.01"],
        "p1",
      );
      const [daily] = await warden.budgets();
      equal([daily.name, daily.key, daily.held, daily.available], ["daily", "a1", "0.01", "0.04"], "budget");
    },
    "a denial is a value with its reason, its rule and the largest amount that would pass": async () => {
      const { warden } = await open();
      await ask(warden, "p1", "10000");
      const denied = await ask(warden, "p2", "45000");
      equal(
        [denied.action, denied.reason, denied.rules, denied.fix?.max_amount],
        ["deny", "budget_exceeded", ["daily"], "40000"],
        "p2",
      );
      const vendor = await warden.check({ url: "https://evil.test/", offer: offer("1", "https://evil.test/") });
      equal([vendor.action, vendor.reason], ["deny", "vendor_not_allowed"], "vendor");
      const pattern = await warden.check({ url: "https://pay7.test/x", offer: offer("1", "https://pay7.test/x") });
      equal(pattern.action, "allow", "expression");
    },
    "the same id is the same payment; with other content it is a conflict": async () => {
      const { warden } = await open();
      const first = await ask(warden, "p1", "10000");
      equal(await ask(warden, "p1", "10000"), first, "again");
      equal((await ask(warden, "p1", "20000")).reason, "conflict", "other content");
    },
    "ten at once never exceed the budget": async () => {
      const { warden } = await open();
      const all = await Promise.all(Array.from({ length: 10 }, (_, n) => ask(warden, `p${n}`, "10000")));
      equal(all.filter(({ action }) => action === "allow").length, 5, "allowed");
    },
    "what a warden leaves in its store is what the events alone leave, to the byte": async () => {
      const store = pkg.memoryStore({ now: () => at });
      const { warden } = await open({ store });
      await ask(warden, "p1", "10000");
      await ask(warden, "p2", "20000");
      equal((await warden.ticket("p1")).ok, true, "ticket");
      const settlement = { outcome: "captured", transaction: "0x01" };
      equal((await warden.settle("p1", { ...settlement, amount: 10000n })).ok, true, "settle");
      const cells = [];
      for await (const { key, value } of store.scan("")) cells.push(`${key}\t${value}\n`);
      equal(cells.length > 4, true, "cells");

      const run = pkg.simulation(POLICY);
      const pay = { type: "authorize", at, agent: "a1", method: "GET", url: "https://api.example.com/report" };
      const events = [
        { ...pay, id: "p1", offer: offer("10000") },
        { ...pay, id: "p2", offer: offer("20000") },
        { type: "ticket", id: "p1", at },
        { type: "settle", id: "p1", at, amount: "10000", ...settlement },
      ];
      for (const event of events) run.answer(JSON.stringify(event));
      equal(await sha256(cells.sort().join("")), run.stateHash(), "state");
    },
    "a freeze denies everything until it is lifted": async () => {
      const { warden, control } = await open();
      await warden.freeze("suspicious");
      equal((await ask(warden, "p1", "10000")).reason, "frozen", "frozen");
      await control.unfreeze();
      equal((await ask(warden, "p2", "10000")).action, "allow", "lifted");
    },
    "a policy that is broken is an error with every place; another one takes over with the history": async () => {
      const error = await thrown(() =>
        pkg.openWarden({ policy: { payment: { max_uds: "1" } }, store: pkg.memoryStore() }),
      );
      equal(error instanceof pkg.PolicyInvalid, true, String(error));
      equal(/did you mean `max_usd`/.test(String(error)), true, String(error));
      const { warden, control } = await open();
      await ask(warden, "p1", "10000");
      await control.reload(POLICY.replace('"0.05"', '"0.02"'));
      const denied = await ask(warden, "p2", "15000");
      equal([denied.reason, denied.fix?.max_amount], ["budget_exceeded", "10000"], "after the reload");
    },
    "a guarded fetch never reaches the signer for what is denied": async () => {
      let signed = 0;
      const seller = async () =>
        new Response("{}", {
          status: 402,
          headers: { "payment-required": btoa(JSON.stringify(offer("2000000"))) },
        });
      const { warden } = await open();
      const pay = async () => {
        signed += 1;
        throw new Error("asked to sign");
      };
      const error = await thrown(() => warden.payingFetch({ pay, fetch: seller })("https://api.example.com/report"));
      equal(
        [error instanceof pkg.PaymentDenied, error.decision?.reason, signed],
        [true, "payment_too_large", 0],
        String(error),
      );
    },
    "personal data is written over before the first request, and blocked where it can't be": async () => {
      const seen = [];
      const seller = async (input, init) => {
        seen.push(new Request(input, init).url);
        return new Response("sunny");
      };
      const policy = { payment: { max_usd: "1" }, privacy: { action: "redact" } };
      const { warden } = await open({ policy });
      const get = (path) => warden.fetch(seller)(`https://api.example.com/${path}`);
      await get("report?for=jane%40example.com&iban=DE89370400440532013000");
      const error = await thrown(() => get("people/jane@example.com"));
      const written = "https://api.example.com/report?for=[EMAIL_ADDRESS_1]&iban=[IBAN_CODE_1]";
      equal([seen, error.code], [[written], "personal_data_bound"], String(error));
      const wrong = await thrown(() => open({ policy: { ...policy, privacy: { action: "redcat" } } }));
      equal(/privacy\.action.*did you mean `redact`/s.test(String(wrong)), true, String(wrong));
    },
    "ids are drawn at random": async () => {
      const { warden } = await open();
      const ask = () => warden.authorize({ url: "https://api.example.com/report", offer: offer("1") });
      const [one, two] = [await ask(), await ask()];
      equal(/^[0-9a-f]{32}$/.test(one.id) && one.id !== two.id, true, `${one.id} ${two.id}`);
    },
    "the version is there": async () => {
      equal(/^\d+\.\d+\.\d+/.test(pkg.coreVersion()), true, pkg.coreVersion());
    },
  };
  if (expected.defaultStore === false) {
    cases["there is no default store here, and nothing is counted in a place that nobody chose"] = async () => {
      const error = await thrown(() => pkg.openWarden({ policy: POLICY }));
      equal([error instanceof pkg.WardenUnavailable, error.code], [true, "no_store"], String(error));
    };
  }
  if (expected.defaultStore === true) {
    cases["the default store opens, and keeps what was spent"] = async () => {
      const id = `d${Math.random()}`;
      const first = await pkg.openWarden({ policy: POLICY, agent: id });
      await ask(first, id, "10000");
      await first.close();
      const second = await pkg.openWarden({ policy: POLICY, agent: id });
      equal((await second.budgets()).find(({ key }) => key === id)?.held, "0.01", "held");
      await second.close();
    };
  }
  for (const [file, { digest, runs }] of Object.entries(events)) {
    cases[`the events of ${file} give the same answers and states to the byte`] = async () => {
      let text = "";
      for (const { policy, lines } of runs) {
        const run = pkg.simulation(policy);
        for (const line of lines) text += `${run.answer(line)}\n`;
        text += `${run.stateHash()}\n`;
        run.close();
      }
      equal(await sha256(text), digest, file);
    };
  }

  const results = [];
  for (const [name, work] of Object.entries(cases)) {
    try {
      await work();
      results.push({ name });
    } catch (error) {
      results.push({ name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return results;
}
