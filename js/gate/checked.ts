/** What a gate is opened with, checked when it opens: a mistake would otherwise show when somebody has paid, or never. */

import type { CircuitOptions } from "./circuit.ts";
import { checkPrice, minuteOf, type Pricing } from "./price.ts";
import type { PayWay } from "./requirements.ts";
import type { GateRoute } from "./routes.ts";

const TAKES: readonly unknown[] = ["after", "stream", "before", undefined];
const PERIODS: readonly unknown[] = ["day", "month"];

/** Throws what is wrong with a route, with its name. */
export function checkRoute(name: string, route: GateRoute): void {
  try {
    const { pay, take, free, timeoutMs, maxRequestBytes, maxResponseBytes } = route;
    for (const way of [pay].flat()) checkWay(way);
    checkPricing(route);
    if (!TAKES.includes(take)) throw new TypeError(`\`${String(take)}\` is no \`take\`: after, stream or before`);
    if (free !== undefined && !(isNumber(free.calls, 0) && PERIODS.includes(free.per))) {
      throw new TypeError("`free` has `calls`, a number, and `per`, which is day or month");
    }
    checkNumbers({ timeoutMs, maxRequestBytes, maxResponseBytes }, 1);
  } catch (error) {
    throw new TypeError(`the route \`${name}\`: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The options that are numbers. What is left out has its default. */
export function checkNumbers(options: Readonly<Record<string, unknown>>, least: number): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || isNumber(value, least)) continue;
    throw new TypeError(`\`${name}\` is a number from ${least} on, and not ${JSON.stringify(value)}`);
  }
}

export function checkBreaker(options: CircuitOptions = {}): void {
  const { failureThreshold, rateMinimum, failureRate, ...times } = options;
  checkNumbers({ failureThreshold, rateMinimum }, 1);
  checkNumbers({ ...times }, 0);
  if (failureRate !== undefined && !(isNumber(failureRate, 0) && failureRate > 0 && failureRate <= 1)) {
    throw new TypeError(`\`failureRate\` is a share above 0 and up to 1, and not ${JSON.stringify(failureRate)}`);
  }
}

export function isHeaderName(name: unknown): name is string {
  return typeof name === "string" && /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name);
}

function checkWay({ network, payTo, maxTimeoutSeconds }: PayWay): void {
  if (typeof network !== "string" || !/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/.test(network)) {
    throw new TypeError(`\`${String(network)}\` is no network, such as \`eip155:8453\``);
  }
  const known = typeof payTo === "string" && payTo.trim() !== "";
  const address = !network.startsWith("eip155:") || /^0x(?!0{40}$)[0-9a-f]{40}$/i.test(payTo);
  // Nobody has the money that goes there.
  if (!known || !address) throw new TypeError(`\`${String(payTo)}\` is no address that can be paid on ${network}`);
  if (maxTimeoutSeconds !== undefined && !Number.isSafeInteger(maxTimeoutSeconds)) {
    throw new TypeError("`maxTimeoutSeconds` is a whole number");
  }
  checkNumbers({ maxTimeoutSeconds }, 1);
}

function checkPricing({ price, tiers = {}, volume = [], hours = [] }: Pricing): void {
  if (typeof price !== "function") checkPrice(price);
  for (const tier of Object.values(tiers)) checkPrice(tier);
  for (const step of volume) {
    checkPrice(step.price);
    if (!isNumber(step.from, 0)) throw new TypeError("a step of `volume` begins `from` a number of payments");
  }
  for (const hour of hours) {
    checkPrice(hour.price);
    minuteOf(hour.from);
    minuteOf(hour.to);
  }
}

function isNumber(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= least;
}
