/**
 * The same decision in plain JavaScript, as somebody would write it who knows what it has to do and wants it fast: one
 * process, no store, amounts as bigint. It reads the offer from its text, looks through all rules, keeps rolling windows of
 * bounded size (64 spends one by one, then by 32nds), holds the money, knows an id that it has seen, and lets go again. It
 * has no explanations, no crash safety, and neither checks nor audits anything that a row doesn't name.
 */

import { createHash, createHmac } from "node:crypto";
import { findByRegex } from "../tests/privacy/regex.ts";
import { FIELDS, HOST, rulesOf, type Setup, USDC, vendorsOf, WINDOWS_MS } from "./payment.ts";

interface Rule {
  readonly name: string;
  readonly agents: ReadonlySet<string>;
  readonly minUsd: bigint;
}

interface Hold {
  readonly digest: string;
  readonly usd: bigint;
  readonly at: number;
  readonly counters: readonly Counter[];
  state: "held" | "captured" | "voided";
}

class Counter {
  readonly #span: number;
  readonly #part: number;
  #times: number[] = [];
  #amounts: bigint[] = [];
  held = 0n;

  constructor(span: number) {
    this.#span = span;
    this.#part = Math.ceil(span / 32);
  }

  used(now: number): bigint {
    let sum = this.held;
    for (let n = 0; n < this.#times.length; n++) {
      if ((this.#times[n] as number) + this.#span > now) sum += this.#amounts[n] as bigint;
    }
    return sum;
  }

  spend(at: number, amount: bigint): void {
    this.#times.push(at);
    this.#amounts.push(amount);
    if (this.#times.length <= 64) return;
    const [times, amounts]: [number[], bigint[]] = [[], []];
    for (let n = 0; n < this.#times.length; n++) {
      const [time, value] = [this.#times[n] as number, this.#amounts[n] as bigint];
      if (time + this.#span <= at) continue;
      const last = times.length - 1;
      if (last >= 0 && Math.floor((times[last] as number) / this.#part) === Math.floor(time / this.#part)) {
        times[last] = time;
        amounts[last] = (amounts[last] as bigint) + value;
      } else {
        times.push(time);
        amounts.push(value);
      }
    }
    [this.#times, this.#amounts] = [times, amounts];
  }
}

const AMOUNT = /^(0|[1-9][0-9]{0,38})$/;
const MAX_USD = 10n ** 18n;
const LIMIT = 1_000_000n * 10n ** 18n;

export interface PlainRequest {
  readonly id: string;
  readonly agent: string;
  readonly method: string;
  readonly url: string;
  readonly offer: string;
}

export class PlainEngine {
  readonly #rules: readonly Rule[];
  readonly #hosts = new Set<string>();
  readonly #suffixes = new Set<string>();
  readonly #windows: readonly number[];
  readonly #counters = new Map<string, Counter[]>();
  readonly #holds = new Map<string, Hold>();
  readonly #seen = new Map<string, number>();
  readonly #setup: Setup;
  readonly log: string[] = [];
  #prev = "0".repeat(64);

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#rules = rulesOf(setup.rules).map(({ name, when }) => {
      const { agents, min_usd } = when as { agents: string[]; min_usd: string };
      return { name, agents: new Set(agents), minUsd: BigInt(min_usd) * 10n ** 18n };
    });
    for (const vendor of vendorsOf(setup.vendors)) {
      if (vendor.startsWith("*.")) this.#suffixes.add(vendor.slice(2));
      else this.#hosts.add(vendor);
    }
    this.#windows = WINDOWS_MS.slice(0, setup.budgets);
  }

  authorize(request: PlainRequest, now: number): { readonly action: string; readonly reason: string } {
    if (this.#setup.privacy && FIELDS.some((field) => findByRegex(field).length > 0))
      return this.#deny("personal_data");
    const url = new URL(request.url);
    if (url.protocol !== "https:" || !this.#vendor(url.hostname)) return this.#deny("vendor_not_allowed");
    const offer = JSON.parse(request.offer) as { x402Version?: unknown; accepts?: unknown };
    if (offer.x402Version !== 2 || !Array.isArray(offer.accepts)) return this.#deny("malformed_offer");
    const [accept] = offer.accepts as Record<string, unknown>[];
    const { amount, asset, network, payTo, scheme } = accept ?? {};
    if (typeof amount !== "string" || !AMOUNT.test(amount)) return this.#deny("malformed_offer");
    if (network !== "eip155:8453" || String(asset).toLowerCase() !== USDC.toLowerCase())
      return this.#deny("unknown_asset");
    if (scheme !== "exact" || !/^0x[0-9a-fA-F]{40}$/.test(String(payTo))) return this.#deny("malformed_offer");
    // Six decimals, a dollar each, counted in 10^-18 dollars.
    const usd = BigInt(amount) * 10n ** 12n;
    const digest = `${request.agent}\n${request.method}\n${request.url}\n${amount}\n${payTo}`;
    const earlier = this.#holds.get(request.id);
    if (earlier !== undefined)
      return earlier.digest === digest ? { action: "allow", reason: "allowed" } : this.#deny("conflict");
    let key: string | undefined;
    if (this.#setup.replay) {
      key = createHmac("sha256", "key").update(digest).digest("hex");
      if ((this.#seen.get(key) ?? 0) > now) return this.#deny("replayed");
    }
    if (usd > MAX_USD) return this.#deny("payment_too_large");
    for (const rule of this.#rules) {
      if (rule.agents.has(request.agent) && usd >= rule.minUsd) return this.#deny(rule.name);
    }
    const counters = this.#countersOf(request.agent);
    for (const counter of counters) if (counter.used(now) + usd > LIMIT) return this.#deny("budget_exceeded");
    for (const counter of counters) counter.held += usd;
    this.#holds.set(request.id, { digest, usd, at: now, counters, state: "held" });
    if (key !== undefined) this.#seen.set(key, now + 86_400_000);
    return this.#said({ action: "allow", reason: "allowed", request, at: now });
  }

  settle(id: string, captured: boolean, now: number): void {
    const hold = this.#holds.get(id);
    if (hold === undefined || hold.state !== "held") return;
    for (const counter of hold.counters) {
      counter.held -= hold.usd;
      if (captured) counter.spend(now, hold.usd);
    }
    hold.state = captured ? "captured" : "voided";
  }

  #vendor(host: string): boolean {
    if (this.#hosts.has(host)) return true;
    for (let at = host.indexOf("."); at >= 0; at = host.indexOf(".", at + 1)) {
      if (this.#suffixes.has(host.slice(at + 1))) return true;
    }
    return false;
  }

  #countersOf(agent: string): Counter[] {
    const there = this.#counters.get(agent);
    if (there !== undefined) return there;
    const made = this.#windows.map((span) => new Counter(span));
    this.#counters.set(agent, made);
    return made;
  }

  #deny(reason: string): { readonly action: string; readonly reason: string } {
    return this.#said({ action: "deny", reason });
  }

  /** With an audit log, the record is chained to the one before. */
  #said<T extends { readonly action: string; readonly reason: string }>(answer: T): T {
    if (this.#setup.audit) {
      const line = JSON.stringify({ ...answer, prev: this.#prev });
      this.#prev = createHash("sha256").update(line).digest("hex");
      this.log.push(line);
      if (this.log.length > 10_000) this.log.length = 0;
    }
    return answer;
  }
}

export const plainHost = HOST;
