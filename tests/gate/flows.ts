/**
 * Mixed purchases through the gateway, all of it real but the money: the official buyers of both versions, a chain on this
 * machine, an upstream that fails on cue, and a facilitator that loses its answers. Each buyer keeps its own books.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { wrapFetchWithPayment as wrapLegacy } from "x402-fetch";
import { type Chain, NETWORK, type Role, startChain } from "../../examples/localnet/chain.ts";
import { unguardedFetch } from "../../examples/localnet/client.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { listen } from "../../examples/localnet/listen.ts";
import { serveGateway } from "../../js/gate/gateway/serve.ts";
import { createGateway, type Gate } from "../../js/gate/index.ts";
import { memoryStore } from "../../js/index.ts";
import { evmProof } from "../../js/proofs/evm.ts";
import type { Store } from "../../js/stores/store.ts";
import { type Random, randomFrom } from "../torture/random.ts";
import { listed } from "./support.ts";

const KINDS = [
  ["ok", 26],
  ["error", 10],
  ["hang", 4],
  ["cut", 7],
  ["slow", 4],
  ["stream", 5],
  ["streamCut", 5],
  ["before", 4],
  ["beforeError", 4],
  ["late", 8],
  ["lost", 4],
  ["unverified", 3],
  ["together", 7],
  ["elsewhere", 5],
  ["refused", 3],
] as const;

type Kind = (typeof KINDS)[number][0];

/** What a kind asks of the upstream, and of which route. */
const PLACES: Readonly<Record<Kind, readonly [route: string, upstream: string]>> = {
  ok: ["after", "ok"],
  error: ["after", "error"],
  hang: ["short", "hang"],
  cut: ["after", "cut"],
  slow: ["after", "slow"],
  stream: ["stream", "slow"],
  streamCut: ["stream", "cut"],
  before: ["before", "ok"],
  beforeError: ["before", "error"],
  late: ["after", "ok"],
  lost: ["after", "ok"],
  unverified: ["after", "ok"],
  together: ["after", "ok"],
  elsewhere: ["after", "ok"],
  refused: ["refused", "ok"],
};

export interface FlowFigures {
  readonly flows: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly delivered: bigint;
  readonly owed: bigint;
  readonly unresolvedBefore: bigint;
  readonly chain: bigint;
  readonly redelivered: number;
  /** Sent, and lost with its connection, as far as the buyers can tell. */
  readonly wire: bigint;
  readonly ms: number;
}

export async function mixedFlows(options: {
  readonly flows: number;
  readonly seed: number;
  readonly store?: Store;
  readonly atOnce?: number;
  /** Told after each thousand. */
  readonly onProgress?: (done: number) => void;
}): Promise<FlowFigures> {
  const { flows, seed, store = memoryStore(), atOnce = 8, onProgress } = options;
  const since = performance.now();
  const random = randomFrom(seed);
  const chain = await startChain();
  const open: { stop(): Promise<void> }[] = [chain];
  try {
    const upstream = await startUpstream();
    open.push(upstream);
    await chain.mint(chain.accounts.agent.address, 10n ** 12n);
    await chain.mint(chain.accounts.attacker.address, 10n ** 12n);
    const before = await chain.balanceOf(chain.accounts.seller.address);
    const errors: unknown[] = [];
    const pay = { network: NETWORK, payTo: chain.accounts.seller.address };
    const route = (name: string) => ({
      path: `/${name}/*`,
      methods: ["GET", "POST"],
      upstream: `${upstream.url}/u`,
      price: name === "before" ? "$0.02" : "$0.01",
      timeoutMs: name === "short" ? 300 : 60_000,
    });
    const gateway = await createGateway({
      url: "https://api.example.com",
      policy: {
        payment: { max_usd: "1" },
        rules: [{ name: "not-here", then: "deny", when: { vendors: ["api.example.com/refused"] } }],
      },
      pay,
      routes: [
        route("after"),
        route("short"),
        route("refused"),
        { ...route("stream"), take: "stream" as const },
        { ...route("before"), take: "before" as const },
      ],
      store,
      facilitator: flaky(createFacilitator(chain) as never),
      schemes: [{ network: "eip155:*", server: new ExactEvmScheme() }],
      breaker: { failureThreshold: 1_000_000 },
      maxOpenPerClient: 1_000,
      proof: evmProof({ clients: { [NETWORK]: chain.client as never }, confirmations: 0 }),
      onError: (error) => {
        if (!String(error).includes("verify: socket hang up")) errors.push(error);
      },
    });
    const serving = await serveGateway(gateway.fetch);
    open.push({ stop: () => serving.stop(100) });

    const buyers = [buyer(chain, "agent"), buyer(chain, "attacker")];
    const legacy = buyerV1(chain);
    const kinds: Record<string, number> = {};
    let goods = 0n;
    const cutOff: string[] = [];
    /** What each flow has brought its buyer, by the place where it was asked for. */
    const brought = new Map<string, { readonly goods: bigint; readonly what: string; readonly cutOff?: boolean }>();
    let redelivered = 0;
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < flows) {
        const n = next++;
        if (n > 0 && n % 1_000 === 0) onProgress?.(n);
        const kind = pickKind(random);
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        const plain = kind === "ok" || kind === "error" || kind === "hang";
        const buy = plain && random.below(6) === 0 ? legacy : random.pick(buyers);
        const [name, does] = PLACES[kind];
        const url = `${serving.url}/${name}/${n}?do=${does}&kind=${kind}`;
        const init = n % 5 === 0 ? { method: "POST", body: `order ${n}` } : {};
        const flow = await buy(url, init, kind === "together" ? 6 : 1);
        const price = name === "before" ? 20_000n : 10_000n;
        // The upstream breaks off only where it was told to.
        if (flow.cutOff && does !== "cut") cutOff.push(`${kind} ${n}`);
        assert.ok(flow.whole <= 1, `${kind} ${n}: delivered ${flow.whole} times`);
        goods += BigInt(flow.whole) * price;
        const place = `https://api.example.com/${name}/${n}`;
        brought.set(place, {
          goods: BigInt(flow.whole) * price,
          what: `${kind}: ${flow.trace.join(" ")}`,
          cutOff: flow.cutOff,
        });
        if (flow.header === undefined) continue;
        // The same payment for another request, and once more for its own.
        if (kind === "elsewhere") {
          const other = await again(`${serving.url}/after/other${n}?do=ok&kind=ok`, flow.header, init);
          assert.notEqual(other.status, 200);
        }
        if (kind === "late" || kind === "lost") {
          const second = await again(url, flow.header, init);
          assert.equal(second.status, kind === "late" ? 200 : 409, `${kind}: ${second.body}`);
          if (second.status === 200) {
            goods += price;
            brought.set(place, { goods: price, what: `${kind} again` });
            redelivered += 1;
          }
        }
        if ((kind === "ok" || kind === "together") && flow.whole === 1) {
          assert.equal((await again(url, flow.header, init)).status, 409, "used is used");
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));

    const first = await booksOf(gateway.gate);
    assert.equal(first.paid, first.delivered + first.owed + first.unresolved);
    // Then every signature runs out on the chain, and the chain is asked about what nobody knew.
    await chain.advance(3_600);
    await gateway.gate.reconcile();
    const last = await booksOf(gateway.gate);
    const moved = (await chain.balanceOf(chain.accounts.seller.address)) - before;
    assert.equal(last.unresolved, 0n, "the chain has an answer to each");
    assert.equal(last.delivered + last.owed, moved, "what is booked is what has moved");
    const differ: string[] = [];
    let wire = 0n;
    for await (const { endpoint, delivered, charged, state, upstream, reason } of gateway.gate.payments()) {
      const got = brought.get(endpoint);
      if (BigInt(delivered ? (charged ?? "0") : "0") === (got?.goods ?? 0n)) continue;
      // It was sent, and the connection broke on the way: the gate can't know.
      if (delivered && got?.cutOff === true) {
        wire += BigInt(charged ?? "0");
        continue;
      }
      differ.push(JSON.stringify({ endpoint, delivered, state, upstream, reason, buyer: got?.what }));
    }
    assert.deepEqual(differ, [], `each buyer has what is booked as delivered to it; cut off: ${cutOff.join(", ")}`);
    assert.equal(last.delivered, goods + wire, "what is booked as delivered is what buyers have");
    const transactions = await listed(gateway.gate.payments({ state: "captured" }));
    assert.equal(new Set(transactions.map(({ transaction }) => transaction)).size, transactions.length);
    for (const { delivered, refund } of transactions) assert.equal(delivered, refund === undefined);
    assert.deepEqual(errors, []);
    await gateway.close();
    return {
      flows,
      kinds,
      delivered: last.delivered,
      owed: last.owed,
      unresolvedBefore: first.unresolved,
      chain: moved,
      redelivered,
      wire,
      ms: performance.now() - since,
    };
  } finally {
    for (const one of open.reverse()) await one.stop();
  }
}

function pickKind(random: Random): Kind {
  const all = KINDS.reduce((sum, [, weight]) => sum + weight, 0);
  let place = random.below(all);
  for (const [kind, weight] of KINDS) {
    place -= weight;
    if (place < 0) return kind;
  }
  return "ok";
}

async function booksOf(gate: Gate): Promise<{ paid: bigint; delivered: bigint; owed: bigint; unresolved: bigint }> {
  const [line] = await gate.books();
  const of = (text: string | undefined): bigint => BigInt(text ?? "0");
  return {
    paid: of(line?.paid),
    delivered: of(line?.delivered),
    owed: of(line?.owed),
    unresolved: of(line?.unresolved),
  };
}

interface Flow {
  /** How often the whole of the goods came. */
  readonly whole: number;
  /** No answer came for the payment, or not the whole of one: what the gate has sent then, the buyer can't tell. */
  readonly cutOff: boolean;
  /** Statuses and errors, in their order. */
  readonly trace: readonly string[];
  /** The payment that was sent. */
  readonly header: readonly [name: string, value: string] | undefined;
}

type Buyer = (url: string, init: RequestInit, times: number) => Promise<Flow>;

/** The official client; each payment that it sends is sent so many times at once. */
function buyer(chain: Chain, role: Role): Buyer {
  return buyerOf((inner) => unguardedFetch(chain, role, inner));
}

function buyerV1(chain: Chain): Buyer {
  const { account } = chain.accounts.agent;
  return buyerOf((inner) => wrapLegacy(inner as never, account as never, 10n ** 9n) as unknown as typeof fetch);
}

function buyerOf(wrap: (inner: typeof fetch) => typeof fetch): Buyer {
  return async (url, init, times) => {
    let header: Flow["header"];
    let whole = 0;
    let cutOff = false;
    const trace: string[] = [];
    const read = async (response: Response): Promise<void> => {
      const text = await response.text().catch(() => {
        cutOff = true;
        return "";
      });
      trace.push(`${response.status}:${text.slice(0, 40)}`);
      if (response.status === 200 && text.startsWith("goods ") && text.endsWith(" end")) whole += 1;
    };
    const inner = async (input: RequestInfo | URL, more?: RequestInit): Promise<Response> => {
      const request = new Request(input, more);
      for (const name of ["PAYMENT-SIGNATURE", "X-PAYMENT"]) {
        const value = request.headers.get(name);
        if (value !== null) header = [name, value];
      }
      if (header === undefined || times === 1) return fetch(request);
      // One that breaks off must not hide what another one brings.
      const lost = (error: unknown): void => {
        cutOff = true;
        trace.push(String(error));
      };
      const copies = Array.from({ length: times - 1 }, () => fetch(request.clone()).then(read, lost));
      const [answer] = await Promise.allSettled([fetch(request.clone()), ...copies]);
      if (answer.status === "rejected") throw answer.reason;
      return answer.value;
    };
    try {
      await read(await wrap(inner as typeof fetch)(url, init));
    } catch (error) {
      // The official clients throw what they could not buy; and `fetch` throws a TypeError for a connection that broke.
      cutOff ||= error instanceof TypeError;
      trace.push(String(error).slice(0, 200));
    }
    return { whole, cutOff, trace, header };
  };
}

/** A payment that was sent before, sent once more. */
async function again(
  url: string,
  [name, value]: readonly [string, string],
  init: RequestInit,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(url, { ...init, headers: { [name]: value } });
  return { status: response.status, body: await response.text() };
}

interface Calls {
  verify(payment: object, requirements: object): Promise<object>;
  settle(payment: object, requirements: object): Promise<object>;
  getSupported(): Promise<never>;
}

/** Loses its answers where the URL says so: after it has settled, or without having done anything. */
function flaky(real: Calls): never {
  const kindOf = (payment: object, requirements: object): string | null => {
    const { resource } = payment as { resource?: { url?: string } };
    const url = resource?.url ?? (requirements as { resource?: string }).resource;
    return url === undefined ? null : new URL(url).searchParams.get("kind");
  };
  const seen = new Set<string>();
  return {
    async verify(payment: object, requirements: object) {
      if (kindOf(payment, requirements) === "unverified") throw new Error("verify: socket hang up");
      return real.verify(payment, requirements);
    },
    async settle(payment: object, requirements: object) {
      const kind = kindOf(payment, requirements);
      if (kind === "lost") throw new Error("settle: socket hang up");
      const key = JSON.stringify(payment);
      if (kind !== "late" || seen.has(key)) return real.settle(payment, requirements);
      seen.add(key);
      await real.settle(payment, requirements);
      throw new Error("settle: timed out after it had settled");
    },
    getSupported: () => real.getSupported(),
  } as never;
}

/** Delivers, fails, hangs, breaks off or takes its time, as the URL says. */
async function startUpstream(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? "/", "http://upstream");
    const what = searchParams.get("do");
    request.resume();
    if (what === "error") return void response.writeHead(500).end("no");
    if (what === "hang") return;
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(`goods ${pathname}`);
    if (what === "cut") return void setTimeout(() => response.destroy(), 5);
    if (what === "slow") return void setTimeout(() => response.end(" end"), 30);
    response.end(" end");
  });
  return listen(server, 0);
}
