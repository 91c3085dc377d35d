/** A seller in this process, a signer that signs nothing real, and wardens that need people. */

import { generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";
import { type Control, memoryStore, openWardenWithControl, type Warden, type WardenOptions } from "../../js/index.ts";
import { offer } from "../cli/support.ts";

export const URL_ = "https://api.example.com/weather";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

export interface Seller {
  readonly fetch: typeof fetch;
  /** How many payments have arrived. */
  readonly paid: () => number;
  /** What is offered from now on. */
  offer: object;
}

/** Asks one cent for everything, unless told otherwise, and delivers to whoever pays. */
export function seller(first: object = offer()): Seller {
  let paid = 0;
  const self: Seller = {
    offer: first,
    paid: () => paid,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      if (!request.headers.has("payment-signature")) {
        return new Response("{}", { status: 402, headers: { "PAYMENT-REQUIRED": encode(self.offer) } });
      }
      paid += 1;
      const receipt = { success: true, transaction: `0x${"ab".repeat(32)}`, network: "eip155:84532" };
      return new Response("sunny", { headers: { "PAYMENT-RESPONSE": encode(receipt) } });
    },
  };
  return self;
}

let nonces = 0;

/** What a wallet would sign for the entry that is held. */
export async function pay({ accept }: { readonly accept: Readonly<Record<string, unknown>> }): Promise<object> {
  nonces += 1;
  const authorization = {
    from: "0x2222222222222222222222222222222222222222",
    to: accept.payTo,
    value: accept.amount,
    validAfter: "0",
    validBefore: String(Math.floor(Date.now() / 1_000) + 60),
    nonce: `0x${nonces.toString(16).padStart(64, "0")}`,
  };
  return { signature: `0x${"11".repeat(65)}`, authorization };
}

export const NEEDS_PEOPLE = {
  payment: { max_usd: "10", approve_from_usd: "0.01" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h" }],
};

export async function opened(options: Partial<WardenOptions> = {}): Promise<{
  readonly warden: Warden;
  readonly control: Control;
  readonly store: NonNullable<WardenOptions["store"]>;
}> {
  const store = options.store ?? memoryStore();
  const both = await openWardenWithControl({ policy: NEEDS_PEOPLE, agent: "bot", ...options, store });
  return { ...both, store };
}

export interface Signer {
  readonly publicHex: string;
  readonly pem: string;
  readonly key: KeyObject;
}

/** An approver's key pair. */
export function signer(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { publicHex: Buffer.from(x, "base64url").toString("hex"), pem, key: privateKey };
}

/** Lower-case hex. */
export function signatureOf(key: KeyObject, verb: string, digest: string, signedAt: number, approver: string): string {
  const text = `tollwarden 1\n${verb}\n${digest}\n${signedAt}\n${approver}`;
  return signBytes(null, Buffer.from(text), key).toString("hex");
}

/** The timers that keep this process alive. */
export function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
