/** What a scenario is: one attack, and the same purchase done honestly. */

import type { x402Client } from "@x402/core/client";
import type { Chain } from "../../examples/localnet/chain.ts";
import type { Hostile, SeenPayment, Trap } from "../../examples/localnet/hostile.ts";
import type { SellingStage } from "./selling.ts";
import type { Shipped } from "./shipped.ts";

/** Who attacks. */
export type Attacker = "seller" | "facilitator" | "plug-in" | "network" | "client" | "operator";

interface About {
  /** The threat, run finding or peer defect that it is a form of, such as `T1`, `R4` or `PH-02b`. Unique. */
  readonly id: string;
  /** What is tried, in one line. */
  readonly attack: string;
  readonly by: Attacker;
  /** The codes of which one has to have stopped it. Empty where it is harmless in itself, and nothing has to be stopped. */
  readonly stoppedBy: readonly string[];
  /** Why it does no harm without tollwarden either; then only what tollwarden itself could lose is at stake. */
  readonly harmless?: string;
}

/** An attack on an agent that buys. */
export interface Buying extends About {
  readonly side: "buyer";
  /** Members of the policy, over the usual ones: a dime for a payment, half a dollar a day, the hostile seller's first origin. */
  readonly policy?: (world: World) => object;
  /** A chain of its own, for those that move the chain's clock. */
  readonly alone?: true;
  /** What the agent's operator would let go, in atomic units; 0 if left out. */
  readonly allowed?: bigint;
  /** The official client without its own limits, as agents have it that pay more than a dollar, or in other tokens. */
  readonly loose?: true;
  /** Gets the agent's client, guarded or not: whoever has code in the agent's process. */
  readonly plugIn?: (client: x402Client, stage: BuyingStage) => void;
  /** The same with tollwarden and without: `stage.pay` is guarded, or it is not. */
  readonly run: (stage: BuyingStage) => Promise<unknown>;
  /** The purchase done honestly; one of a cent from the honest seller if left out. */
  readonly honest?: (stage: BuyingStage) => Promise<unknown>;
  /** What the honest purchase costs; a cent if left out. */
  readonly due?: bigint;
}

/** An attack on a seller. */
export interface Selling extends About {
  readonly side: "seller";
  /** Deliveries and work that a seller would give for nothing; 0 if left out. */
  readonly allowed?: number;
  readonly run: (stage: SellingStage) => Promise<unknown>;
  readonly honest?: (stage: SellingStage) => Promise<unknown>;
}

export type Scenario = Buying | Selling;

export interface World {
  readonly chain: Chain;
  readonly hostile: Hostile;
  readonly seller: `0x${string}`;
  readonly attacker: `0x${string}`;
}

export interface WardenChoice {
  readonly policy?: object;
  readonly store?: ReturnType<Shipped["memoryStore"]>;
  readonly now?: () => number;
  readonly monotonic?: () => number;
  readonly agent?: string;
  readonly session?: string;
  readonly onApproval?: (card: unknown, context: unknown) => unknown;
  readonly audit?: object;
  readonly facts?: (question: never) => unknown;
}

export interface BuyingStage extends World {
  readonly guarded: boolean;
  readonly shipped: Shipped;
  /** Pays whatever it is asked for, through tollwarden or not. */
  readonly pay: typeof fetch;
  /** A URL of the hostile seller with this trap, that nobody asked for before. */
  sells(trap: Trap): string;
  /** What every `https` URL leads to, whatever its name: the network is hostile too. */
  serves(trap: Trap): void;
  /** Does it, and keeps what stopped it. The answer, or nothing where it was stopped. */
  attempt<R>(work: () => Promise<R>): Promise<R | undefined>;
  /** `attempt` to pay for a URL. */
  buy(url: string, init?: RequestInit): Promise<Response | undefined>;
  /** The agent's wallet, as a plug-in finds it. */
  readonly wallet: Wallet;
  /** The warden, where there is one. */
  readonly warden: Awaited<ReturnType<Shipped["openWarden"]>> | undefined;
  readonly control: Awaited<ReturnType<Shipped["openWardenWithControl"]>>["control"] | undefined;
  /** Another agent of the same operator: on the same wallet, and on another warden if there is one. */
  another(choice?: WardenChoice): Promise<typeof fetch>;
  /** Something that could be taken although nothing here takes it: atomic units that were signed away. */
  exposed(amount: bigint): void;
  /** What stopped something, where nobody throws. */
  stopped(code: string, rules?: readonly string[]): void;
  /** The payments that have reached the hostile seller in this run. */
  caught(): readonly SeenPayment[];
}

/** What an account can sign, as far as attacks ask for it. */
export interface Wallet {
  readonly address: `0x${string}`;
  signTypedData(message: never): Promise<`0x${string}`>;
  signTransaction(transaction: never): Promise<`0x${string}`>;
  signMessage(message: never): Promise<`0x${string}`>;
  signAuthorization(authorization: never): Promise<unknown>;
}
