/** Runs a scenario three times (without tollwarden, with it, and honestly with it) and scores it by the chain's books. */

import { startChain } from "../../examples/localnet/chain.ts";
import { startHostile } from "../../examples/localnet/hostile.ts";
import { placeGem, type Stop } from "./books.ts";
import { buying } from "./buying.ts";
import type { Attacker, Buying, Scenario, Selling, World } from "./scenario.ts";
import { PRICE, selling } from "./selling.ts";
import type { Shipped } from "./shipped.ts";

/** Atomic units of harm: money, or what was delivered for nothing at its price. */
export interface Harm {
  /** Left the agent beyond what was allowed, or was signed away. */
  readonly money: string;
  /** Delivered, or worked for, and not paid. */
  readonly goods: string;
}

export interface Row {
  readonly id: string;
  readonly attack: string;
  readonly by: Attacker;
  readonly side: "buyer" | "seller";
  readonly without: Harm;
  readonly with: Harm;
  /** What stopped it, in the order in which it did. */
  readonly stops: readonly Stop[];
  readonly expected: readonly string[];
  readonly harmless?: string;
  /** Why the honest purchase failed, if it did. */
  readonly honestFailure?: string;
  /** Why the attack itself could not be run, if so. */
  readonly broken?: string;
  readonly milliseconds: number;
}

export interface Score {
  /** Atomic units that moved, or were delivered, without authority, with tollwarden there. */
  readonly unauthorized: string;
  readonly honestFailures: number;
  /** Scenarios that did no harm without tollwarden although they should, or were stopped by something else. */
  readonly wrong: readonly string[];
  readonly scenarios: number;
}

export const none = (harm: Harm): boolean => harm.money === "0" && harm.goods === "0";

export async function openWorld(): Promise<{ readonly world: World; close(): Promise<void> }> {
  const chain = await startChain();
  await placeGem(chain);
  const hostile = await startHostile(chain);
  const { seller, attacker } = chain.accounts;
  return {
    world: { chain, hostile, seller: seller.address, attacker: attacker.address },
    async close() {
      await hostile.stop();
      await chain.stop();
    },
  };
}

export async function judge(scenario: Scenario, shared: World, shipped: Shipped): Promise<Row> {
  const since = performance.now();
  const run =
    scenario.side === "buyer" ? judgeBuying(scenario, shared, shipped) : judgeSelling(scenario, shared, shipped);
  const { id, attack, by, side, stoppedBy, harmless } = scenario;
  const found = await run;
  return {
    ...{ id, attack, by, side, expected: stoppedBy, ...(harmless === undefined ? {} : { harmless }) },
    ...found,
    milliseconds: Math.round(performance.now() - since),
  };
}

type Found = Pick<Row, "without" | "with" | "stops" | "honestFailure" | "broken">;
const NO_HARM: Harm = { money: "0", goods: "0" };

async function judgeBuying(scenario: Buying, shared: World, shipped: Shipped): Promise<Found> {
  const once = async (guarded: boolean, honestly = false) => {
    const own = scenario.alone ? await openWorld() : undefined;
    try {
      return await buying({ world: own?.world ?? shared, shipped, scenario, guarded, honestly });
    } finally {
      await own?.close();
    }
  };
  const harmOf = ({ left, exposed }: { readonly left: bigint; readonly exposed: bigint }): Harm => {
    const beyond = left - (scenario.allowed ?? 0n);
    return { money: String((beyond > 0n ? beyond : 0n) + exposed), goods: "0" };
  };
  return found(
    async () => harmOf(await once(false)),
    async () => {
      const bought = await once(true);
      return { harm: harmOf(bought), stops: bought.stops };
    },
    async () => {
      const { left, exposed } = await once(true, true);
      const due = scenario.due ?? PRICE;
      if (left !== due || exposed !== 0n) throw new Error(`${left} left the agent, and ${due} were due`);
    },
  );
}

async function judgeSelling(scenario: Selling, world: World, shipped: Shipped): Promise<Found> {
  const once = (guarded: boolean, honestly = false) => selling({ world, shipped, scenario, guarded, honestly });
  const harmOf = ({ goods, work, received, overcharged }: Awaited<ReturnType<typeof once>>): Harm => {
    const given = BigInt(Math.max(goods, work) - (scenario.allowed ?? 0)) * PRICE;
    const unpaid = given - received;
    return { money: String(overcharged), goods: String(unpaid > 0n ? unpaid : 0n) };
  };
  return found(
    async () => harmOf(await once(false)),
    async () => {
      const sold = await once(true);
      return { harm: harmOf(sold), stops: sold.stops };
    },
    async () => {
      const { goods, received, overcharged } = await once(true, true);
      if (received !== BigInt(goods) * PRICE || goods === 0 || overcharged !== 0n) {
        throw new Error(`${goods} delivered, and ${received} received`);
      }
    },
  );
}

async function found(
  without: () => Promise<Harm>,
  attacked: () => Promise<{ readonly harm: Harm; readonly stops: readonly Stop[] }>,
  honestly: () => Promise<void>,
): Promise<Found> {
  const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  let broken: string | undefined;
  const bare = await without().catch((error: unknown) => {
    broken = `without tollwarden: ${why(error)}`;
    return NO_HARM;
  });
  const guarded = await attacked().catch((error: unknown) => {
    broken = `with tollwarden: ${why(error)}`;
    return { harm: NO_HARM, stops: [] };
  });
  const honestFailure = await honestly().then(
    () => undefined,
    (error: unknown) => why(error),
  );
  return {
    without: bare,
    with: guarded.harm,
    stops: guarded.stops,
    ...(honestFailure === undefined ? {} : { honestFailure }),
    ...(broken === undefined ? {} : { broken }),
  };
}

/** What is wrong with a row as a test of its attack. */
export function flawOf(row: Row): string | undefined {
  if (row.broken !== undefined) return row.broken;
  if (none(row.without) && row.harmless === undefined) return "it does no harm without tollwarden either";
  if (!none(row.without) && row.harmless !== undefined) return "it is said to be harmless, and is not";
  const codes = row.stops.map(({ code }) => code);
  if (row.expected.length > 0 && !row.expected.some((code) => codes.includes(code))) {
    return `stopped by ${codes.join(", ") || "nothing"}, and not by ${row.expected.join(" or ")}`;
  }
  return undefined;
}

export function scoreOf(rows: readonly Row[]): Score {
  const total = rows.reduce((sum, row) => sum + BigInt(row.with.money) + BigInt(row.with.goods), 0n);
  return {
    unauthorized: String(total),
    honestFailures: rows.filter(({ honestFailure }) => honestFailure !== undefined).length,
    wrong: rows.flatMap((row) => {
      const flaw = flawOf(row);
      return flaw === undefined ? [] : [`${row.id}: ${flaw}`];
    }),
    scenarios: rows.length,
  };
}
