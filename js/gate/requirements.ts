/**
 * What a route asks for, as x402 writes it: the entries of a 402, made from a price and a scheme of the official
 * packages. All but the amount is made once and kept; the amount is the price of the moment, in atomic units.
 */

import { WardenUnavailable } from "../errors.ts";
import { type Facilitator, type Kind, supportedKinds } from "./facilitator.ts";
import { type AssetPrice, isAssetPrice, type Price, toAtomic } from "./price.ts";

/** An entry of a 402 of version 2. */
export interface Requirements {
  readonly scheme: string;
  readonly network: string;
  readonly amount: string;
  readonly asset: string;
  readonly payTo: string;
  readonly maxTimeoutSeconds: number;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A scheme of the official packages, such as `new ExactEvmScheme()` of `@x402/evm/exact/server`. */
export interface SchemeServer {
  readonly scheme: string;
  parsePrice(price: never, network: never): Promise<AssetPrice>;
  enhancePaymentRequirements(requirements: never, kind: never, extensions: never): Promise<object>;
}

export interface SchemeEntry {
  /** A CAIP-2 name, or one for all networks of a kind, such as `eip155:*`. */
  readonly network: string;
  readonly server: SchemeServer;
}

/** How a route may be paid. */
export interface PayWay {
  /** Default `exact`. */
  readonly scheme?: string;
  /** A CAIP-2 name, such as `eip155:8453`. */
  readonly network: string;
  readonly payTo: string;
  /** How long a signature may be good for, in seconds. Default 300. */
  readonly maxTimeoutSeconds?: number;
  /** More members of `extra`, such as `{ assetTransferMethod: "permit2" }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Offering {
  /** The entry for this way to pay, at this price. */
  entry(way: PayWay, price: Price): Promise<Requirements>;
  /** Asks the facilitator what it supports, once. Throws while it does not answer. */
  ready(): Promise<void>;
}

interface Template {
  readonly unit: bigint;
  readonly entry: Omit<Requirements, "amount">;
}

export function offering(facilitator: Facilitator, schemes: readonly SchemeEntry[], timeoutMs: number): Offering {
  let kinds: Promise<readonly Kind[]> | undefined;
  const templates = new WeakMap<PayWay, Map<string, Promise<Template>>>();

  function supported(): Promise<readonly Kind[]> {
    kinds ??= supportedKinds(facilitator, timeoutMs).catch((error: unknown) => {
      // The next request asks again.
      kinds = undefined;
      throw new WardenUnavailable("facilitator_unavailable", "the facilitator does not say what it supports", error);
    });
    return kinds;
  }

  function schemeFor(way: PayWay): SchemeServer {
    const name = way.scheme ?? "exact";
    const found = schemes.find(({ network, server }) => server.scheme === name && covers(network, way.network));
    if (found === undefined) throw new Error(`no scheme \`${name}\` was given for \`${way.network}\``);
    return found.server;
  }

  async function make(way: PayWay, fixed: AssetPrice | undefined): Promise<Template> {
    const server = schemeFor(way);
    const kind = (await supported()).find(
      ({ x402Version, scheme, network }) =>
        x402Version === 2 && scheme === server.scheme && covers(network, way.network),
    );
    if (kind === undefined) throw new Error(`the facilitator does not support ${server.scheme} on ${way.network}`);
    // A dollar tells how many atomic units one has; fractions are then ours to round.
    const one = fixed ?? (await server.parsePrice("$1" as never, way.network as never));
    const base = {
      scheme: server.scheme,
      network: way.network,
      amount: one.amount,
      asset: one.asset,
      payTo: way.payTo,
      maxTimeoutSeconds: way.maxTimeoutSeconds ?? 300,
      extra: { ...one.extra, ...way.extra },
    };
    const made = (await server.enhancePaymentRequirements(base as never, kind as never, [] as never)) as Requirements;
    const { amount, ...entry } = made;
    return { unit: BigInt(amount), entry };
  }

  return {
    async entry(way, price) {
      const fixed = isAssetPrice(price) ? price : undefined;
      const key = fixed === undefined ? "usd" : JSON.stringify([fixed.asset, fixed.extra ?? null]);
      const known = templates.get(way) ?? new Map<string, Promise<Template>>();
      templates.set(way, known);
      let template = known.get(key);
      if (template === undefined) {
        template = make(way, fixed);
        known.set(key, template);
        template.catch(() => known.delete(key));
      }
      const { unit, entry } = await template;
      const amount = isAssetPrice(price) ? price.amount : toAtomic(price, unit).toString();
      if (!/^(0|[1-9][0-9]{0,38})$/.test(amount)) throw new Error(`\`${amount}\` is no amount in atomic units`);
      return { ...entry, amount };
    },
    ready: async () => {
      await supported();
    },
  };
}

/** Whether a network's pattern, such as `eip155:*`, covers a network. */
function covers(pattern: string, network: string): boolean {
  return pattern === network || (pattern.endsWith(":*") && network.startsWith(pattern.slice(0, -1)));
}
