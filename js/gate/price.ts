/**
 * Prices: what a route costs this client now. Of what a route names, the first that applies counts: the client's tier,
 * then the step of its volume, then the hour, then the price itself. A function says all of it by itself.
 *
 * A price in dollars is an exact decimal, never a float, and becomes atomic units rounded up: a price above nothing is
 * never nothing, and never below what was named.
 */

/** Dollars, such as `$0.01` or `0.015`; or an amount of an asset in atomic units. */
export type Price = string | AssetPrice;

export interface AssetPrice {
  /** In atomic units. */
  readonly amount: string;
  /** The token's address. */
  readonly asset: string;
  /** Of EVM tokens, the `name` and `version` of their EIP-712 domain. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What a price may depend on. The client is known by an API key; one without is known only once it has paid. */
export interface PriceContext {
  readonly route: string;
  readonly method: string;
  readonly url: string;
  readonly client: string | undefined;
  readonly tier: string | undefined;
  /** Payments of this client on this route in this month (UTC), where the route has steps of volume; else 0. */
  readonly volume: number;
  /** Bytes of the request's body. */
  readonly bodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Pricing {
  readonly price: Price | ((context: PriceContext) => Price | Promise<Price>);
  /** By the tier of the client's API key. */
  readonly tiers?: Readonly<Record<string, Price>>;
  /** From so many payments in this month on; the highest step that is reached counts. */
  readonly volume?: readonly { readonly from: number; readonly price: Price }[];
  /** By the hour of the day in UTC, such as `["22:00", "06:00"]`; the first one that covers it counts. */
  readonly hours?: readonly { readonly from: string; readonly to: string; readonly price: Price }[];
}

export function isAssetPrice(price: Price): price is AssetPrice {
  return typeof price === "object" && price !== null;
}

/** The price that counts now. Throws for one that is none: then nothing is sold. */
export async function priceOf(pricing: Pricing, context: PriceContext): Promise<Price> {
  const { price, tiers, volume = [], hours = [] } = pricing;
  if (typeof price === "function") return checkPrice(await price(context));
  const tier = context.tier === undefined || !Object.hasOwn(tiers ?? {}, context.tier) ? undefined : context.tier;
  if (tier !== undefined) return checkPrice(tiers?.[tier]);
  const step = volume.filter(({ from }) => context.volume >= from).sort((a, b) => b.from - a.from)[0];
  if (step !== undefined) return checkPrice(step.price);
  const minute = new Date(context.at).getUTCHours() * 60 + new Date(context.at).getUTCMinutes();
  const hour = hours.find(({ from, to }) => coversMinute(minuteOf(from), minuteOf(to), minute));
  return checkPrice(hour?.price ?? price);
}

export function checkPrice(price: unknown): Price {
  if (typeof price === "string") {
    digitsOf(price);
    return price;
  }
  const { amount, asset } = (price ?? {}) as Partial<AssetPrice>;
  if (typeof asset === "string" && typeof amount === "string" && /^(0|[1-9][0-9]{0,38})$/.test(amount)) {
    return price as AssetPrice;
  }
  throw new TypeError(`\`${JSON.stringify(price)}\` is no price: use dollars as a text, or { amount, asset }`);
}

/** Dollars as atomic units, rounded up. `unit`: how many atomic units a dollar has. */
export function toAtomic(price: string, unit: bigint): bigint {
  const { digits, scale } = digitsOf(price);
  const divisor = 10n ** BigInt(scale);
  return (digits * unit + divisor - 1n) / divisor;
}

function digitsOf(price: string): { readonly digits: bigint; readonly scale: number } {
  const found = /^\$?([0-9]{1,12})(?:\.([0-9]{1,18}))?$/.exec(price.trim());
  if (found === null) throw new TypeError(`\`${price}\` is no price in dollars, such as \`$0.01\``);
  const [, whole = "", fraction = ""] = found;
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

export function minuteOf(time: string): number {
  const found = /^([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(time);
  if (found === null) throw new TypeError(`\`${time}\` is no time of day, such as \`22:00\``);
  return Number(found[1]) * 60 + Number(found[2]);
}

/** A span over midnight covers both ends of the day. */
function coversMinute(from: number, to: number, minute: number): boolean {
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
