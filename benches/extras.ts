/** The rows that are not about one decision: a whole payment, the stores, the guarded fetch, start and memory. */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryStore, openWarden, sqliteStore } from "../js/index.ts";
import { endToEnd } from "./chain.ts";
import { type Contender, core, wardenOn } from "./contenders.ts";
import { type Effort, measure } from "./measure.ts";
import { ACCEPT, AMOUNT, OFFER, PAYEE, PLAIN, policyOf, START, urlOf } from "./payment.ts";
import { type Result, result, rounded } from "./run.ts";

export interface Extra {
  readonly name: string;
  readonly title: string;
  run(effort: Effort): Promise<Result>;
}

const PAYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

/** What a wallet would have signed for this offer; whether the signature is right is the facilitator's to say. */
function signedAt(now: number) {
  return {
    x402Version: 2,
    accepted: ACCEPT,
    payload: {
      signature: `0x${"1b".repeat(65)}`,
      authorization: {
        from: PAYER,
        to: PAYEE,
        value: AMOUNT,
        validAfter: "0",
        validBefore: String(Math.floor(now / 1_000) + 60),
        nonce: `0x${randomBytes(32).toString("hex")}`,
      },
    },
  };
}

async function wholePayment(effort: Effort): Promise<Result> {
  let [at, n] = [START, 0];
  const warden = await openWarden({
    policy: policyOf({ ...PLAIN, budgets: 4 }),
    store: memoryStore({ now: () => at }),
    agent: "agent-1",
    now: () => at,
  });
  const figures = await measure(
    [
      {
        name: "warden",
        async run() {
          at += 7;
          const id = `p${++n}`;
          await warden.authorize({ id, url: urlOf(n), offer: OFFER });
          await warden.ticket(id);
          const bound = await warden.sign(id, signedAt(at));
          if (!bound.ok) throw new Error(`it did not bind: ${bound.message}`);
          await warden.settle(id, { outcome: "captured" });
        },
      },
    ],
    effort,
  );
  await warden.close();
  return result({ name: "payment", title: "authorize, ticket, bind and settle, 4 budgets" }, figures);
}

async function stores(effort: Effort): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-bench-"));
  const setup = { ...PLAIN, budgets: 4 };
  const [memory, sqlite] = [
    await wardenOn((now) => memoryStore({ now }), setup),
    await wardenOn((now) => sqliteStore(join(folder, "ledger.sqlite"), { now }), setup),
  ];
  try {
    const figures = await measure(
      [
        { ...memory.task, name: "memory" },
        { ...sqlite.task, name: "sqlite" },
      ],
      effort,
    );
    return result({ name: "stores", title: "authorize on each store, 4 budgets" }, figures);
  } finally {
    await memory.close();
    await sqlite.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server that says ok, and one path of which wants a cent first. */
function seller(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/paid") && request.headers["payment-signature"] === undefined) {
      const required = Buffer.from(OFFER).toString("base64");
      response.writeHead(402, { "payment-required": required, "content-type": "application/json" }).end("{}");
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).end('{"celsius":21}');
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** What the guard adds to a request: to one that isn't paid, and to one that is, with a signer that takes no time at all. */
async function guarded(effort: Effort): Promise<Result> {
  const server = await seller();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const warden = await openWarden({
    policy: { ...policyOf({ ...PLAIN, budgets: 4 }), vendors: { allow: [origin] }, origins: [origin] },
    store: memoryStore(),
    agent: "agent-1",
  });
  let n = 0;
  const guard = warden.fetch(fetch);
  const paying = warden.payingFetch({ pay: async () => signedAt(Date.now()).payload });
  const drained = async (answer: Promise<Response>): Promise<void> => {
    const response = await answer;
    if (!response.ok) throw new Error(`the seller answered ${response.status}`);
    await response.arrayBuffer();
  };
  const unguarded = async (): Promise<void> => {
    const url = `${origin}/paid?n=${++n}`;
    const asked = await fetch(url);
    await asked.arrayBuffer();
    const header = Buffer.from(JSON.stringify(signedAt(Date.now()))).toString("base64");
    await drained(fetch(url, { headers: { "payment-signature": header } }));
  };
  try {
    const figures = await measure(
      [
        { name: "free, bare", run: () => drained(fetch(`${origin}/free?n=${++n}`)) },
        { name: "free, guarded", run: () => drained(guard(`${origin}/free?n=${++n}`)) },
        { name: "paid, bare", run: unguarded },
        { name: "paid, guarded", run: () => drained(paying(`${origin}/paid?n=${++n}`)) },
      ],
      effort,
    );
    return result(
      { name: "fetch", title: "guarded fetch against bare, a server in this process, a signer that takes no time" },
      figures,
    );
  } finally {
    await warden.close();
    server.closeAllConnections();
    server.close();
  }
}

/** In processes of their own: what the first decision costs, the module's start included. */
async function start(effort: Effort): Promise<Result> {
  const script = fileURLToPath(new URL("start.ts", import.meta.url));
  const times: number[] = [];
  for (let n = 0; n < effort.passes; n++)
    times.push(Number(spawnSync(process.execPath, [script], { encoding: "utf8" }).stdout));
  const least = Math.min(...times) * 1_000;
  return {
    name: "start",
    title: "import, the module's start and the first decision, processor time",
    p50: { warden: rounded(least) },
    p99: {},
    ratios: {},
  };
}

/** What the module's memory grows by, in a process of its own: memory that was freed before is taken again. Bytes. */
async function memory(): Promise<Result> {
  const script = fileURLToPath(new URL("memory.ts", import.meta.url));
  const grown = JSON.parse(spawnSync(process.execPath, [script], { encoding: "utf8" }).stdout) as Record<
    string,
    number
  >;
  return {
    name: "memory",
    title: "the core's memory, in bytes: each payment that is remembered for 30 days; each agent with one budget",
    p50: Object.fromEntries(Object.entries(grown).map(([what, bytes]) => [what, rounded(bytes)])),
    p99: {},
    ratios: {},
  };
}

/** Two of the same, by the name of what is special about each. */
async function beside(name: string, title: string, effort: Effort, two: Readonly<Record<string, Contender>>) {
  try {
    const tasks = Object.entries(two).map(([special, { task }]) => ({ ...task, name: special }));
    return result({ name, title }, await measure(tasks, effort));
  } finally {
    for (const contender of Object.values(two)) await contender.close();
  }
}

const FULL = { ...PLAIN, rules: 100, budgets: 4 };

async function million(effort: Effort): Promise<Result> {
  const many = core(FULL);
  await many.fill(1_000_000);
  return beside(
    "million",
    "100 rules, 4 rolling budgets, in the core alone: 1,000,000 payments before, and none",
    effort,
    { many, none: core(FULL) },
  );
}

async function agents(effort: Effort): Promise<Result> {
  const AGENTS = 100_000;
  // A prime apart, so that each payment's agent is far from the one before.
  const many = core(PLAIN, (n) => ({ agent: `agent-${(n * 7_919) % AGENTS}` }));
  await many.fill(AGENTS);
  return beside("agents", "one budget per agent, in the core alone: 100,000 agents in turn, and one", effort, {
    many,
    none: core(PLAIN),
  });
}

/** A seller that names the URL with its query in each offer makes each a new text; other offers come again word for word. */
async function offers(effort: Effort): Promise<Result> {
  return beside(
    "offers",
    "100 rules, 4 rolling budgets, in the core alone: an offer that was never seen, and one that comes again",
    effort,
    { new: core(FULL, (n) => ({ offer_text: OFFER.replace("q=1", `q=${n}`) })), again: core(FULL) },
  );
}

export const EXTRAS: readonly Extra[] = [
  { name: "payment", title: "authorize, ticket, bind and settle", run: wholePayment },
  { name: "stores", title: "each store", run: stores },
  { name: "fetch", title: "guarded fetch against bare", run: guarded },
  { name: "chain", title: "a paid request end to end, guarded against bare", run: endToEnd },
  { name: "offers", title: "an offer that was never seen beside one that comes again", run: offers },
  { name: "million", title: "1,000,000 payments of history beside none", run: million },
  { name: "agents", title: "100,000 agents beside one", run: agents },
  { name: "start", title: "start", run: start },
  { name: "memory", title: "memory", run: memory },
];
