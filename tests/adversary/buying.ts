/** The stage for attacks on an agent that buys: the official client on the local chain, guarded or not. */

import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { NETWORK_V1 } from "../../examples/localnet/chain.ts";
import type { Trap } from "../../examples/localnet/hostile.ts";
import { honest, offerV2 } from "../../examples/localnet/traps.ts";
import { type Stop, stopOf, take, wealthOf } from "./books.ts";
import type { Buying, BuyingStage, Wallet, WardenChoice, World } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";

/** What came of one run. */
export interface Bought {
  /** What left the agent, in atomic units. */
  readonly left: bigint;
  /** What was signed away beside, and could leave it. */
  readonly exposed: bigint;
  readonly stops: readonly Stop[];
}

export interface BuyingRun {
  readonly world: World;
  readonly shipped: Shipped;
  readonly scenario: Buying;
  readonly guarded: boolean;
  /** Not the attack, but the honest purchase. */
  readonly honestly?: boolean;
}

let paths = 0;

/** Does it, and lets whoever holds a signature take what it is good for. */
export async function buying({ world, shipped, scenario, guarded, honestly = false }: BuyingRun): Promise<Bought> {
  const { chain, hostile } = world;
  const stops: Stop[] = [];
  let exposed = 0n;
  const first = hostile.requests.length;
  const { account } = chain.accounts.agent;
  const before = await wealthOf(chain, account.address);
  const policy = {
    origins: [hostile.url],
    payment: { max_usd: "0.10" },
    budgets: [{ name: "daily", limit_usd: "0.50", window: "24h" }],
    breaker: { failure_threshold: 100 },
    ...scenario.policy?.(world),
  };
  const opened: { close(): Promise<void> }[] = [];

  const open = async (choice: WardenChoice = {}) => {
    if (!guarded) return undefined;
    const both = await shipped.openWardenWithControl({
      store: shipped.memoryStore(),
      agent: "researcher",
      ...choice,
      policy: choice.policy ?? policy,
    } as never);
    opened.push(both.warden);
    return both;
  };
  const agentOn = (both: Awaited<ReturnType<typeof open>>, stage: BuyingStage, honest: boolean): typeof fetch => {
    const wallet = both?.warden.signer(account) ?? account;
    const client = new x402Client()
      .register("eip155:*", new ExactEvmScheme(wallet))
      .register("eip155:*", new UptoEvmScheme(wallet))
      .registerV1(NETWORK_V1, new ExactEvmSchemeV1(wallet));
    if (scenario.loose) client.setSpendControls(false);
    both?.warden.client(client);
    if (!honest) scenario.plugIn?.(client, stage);
    return wrapFetchWithPayment(both?.warden.fetch(named) ?? named, client) as typeof fetch;
  };

  /** Names with https on the default port, as the world has them: the network leads all of them to the hostile seller. */
  const named: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith("https:")) return fetch(request);
    const answer = await fetch(new Request(`${hostile.url}/anywhere`, request));
    return Object.defineProperty(answer, "url", { value: request.url.split("#")[0] });
  };

  const both = await open();
  const stage: BuyingStage = {
    ...world,
    guarded,
    shipped,
    warden: both?.warden,
    control: both?.control,
    wallet: (both?.warden.signer(account) ?? account) as unknown as Wallet,
    pay: (input, init) => pay(input, init),
    sells(trap: Trap) {
      const path = `/${scenario.id.toLowerCase()}-${paths++}`;
      hostile.set(path, trap);
      return hostile.url + path;
    },
    async attempt(work) {
      try {
        return await work();
      } catch (error) {
        stops.push(stopOf(error));
        return undefined;
      }
    },
    serves: (trap) => hostile.set("/anywhere", trap),
    buy: (url, init) => stage.attempt(() => stage.pay(url, init)),
    async another(choice) {
      return agentOn(await open(choice), stage, honestly);
    },
    exposed(amount) {
      exposed += amount;
    },
    stopped: (code, rules = []) => void stops.push({ code, rules, message: "" }),
    caught: () => hostile.requests.slice(first).flatMap(({ payment }) => (payment === undefined ? [] : [payment])),
  };
  const pay = agentOn(both, stage, honestly);
  try {
    await (honestly ? (scenario.honest ?? honestPurchase) : scenario.run)(stage);
    for (const { signed } of stage.caught()) {
      if (signed !== undefined) await take(chain, signed.authorization, signed.signature).catch(() => false);
    }
    return { left: before - (await wealthOf(chain, account.address)), exposed, stops };
  } finally {
    for (const warden of opened) await warden.close();
  }
}

/** A cent to the honest seller. */
async function honestPurchase(stage: BuyingStage): Promise<void> {
  await served(await stage.pay(stage.sells(honest(offerV2(stage.chain, { payTo: stage.seller })))));
}

/** An answer with the goods; anything else is no honest purchase. */
export async function served(response: Response): Promise<void> {
  const text = await response.text();
  if (response.status !== 200 || !text.includes("as promised"))
    throw new Error(`${response.status}: ${text.slice(0, 200)}`);
}
