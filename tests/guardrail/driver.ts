/**
 * What a harness of the Guardrail Decision Protocol does, by the protocol's own text: it starts the guardrail once, tells it
 * the task, pays every 402 that is not denied, and shows what it is about to sign. Payments are really signed.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { x402Client } from "@x402/core/client";
import type { PaymentRequirements } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { privateKeyToAccount } from "viem/accounts";
import { main } from "../cli/support.ts";

export const NETWORK = "eip155:84532";
export const USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
export const SELLER = "0x1111111111111111111111111111111111111111";
export const THIEF = "0x9999999999999999999999999999999999999999";
/** As `localhost` is served: every host of a task is a name on this machine, at a port that nobody knows before. */
export const PORT = 43_021;
export const at = (host: string, path: string): string => `http://${host}.localhost:${PORT}${path}`;

const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

export interface Answer {
  readonly id: number;
  readonly decision?: "allow" | "deny";
  readonly accept_index?: number;
  readonly reason?: string;
  readonly hooks?: readonly string[];
}

export interface Guardrail {
  ask(message: object): Promise<Answer>;
  /** A line as it stands. */
  write(line: string): void;
  /** Ends its input; its exit status. */
  end(): Promise<number | null>;
  stderr(): string;
  kill(): void;
}

/** It is killed after its test, also where that fails; without one, by whoever started it. */
export function startGuardrail(t: TestContext | undefined, args: readonly string[] = []): Guardrail {
  const child = spawn(process.execPath, [main, "guardrail", ...args]);
  t?.after(() => void child.kill());
  const waiting = new Map<number, (answer: Answer) => void>();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let next = 0;
  return {
    async ask(message) {
      const id = next++;
      const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      child.stdin.write(
        `${JSON.stringify({ id, ...message }, (_, value) => (typeof value === "bigint" ? `${value}` : value))}\n`,
      );
      const ended = closed.then(() => assert.fail(`the guardrail ended without an answer: ${stderr}`));
      return Promise.race([answer, ended]);
    },
    write: (line) => void child.stdin.write(`${line}\n`),
    end() {
      child.stdin.end();
      return closed;
    },
    stderr: () => stderr,
    kill: () => void child.kill(),
  };
}

export const hello = (task: object = {}): object => ({
  type: "hello",
  gdp: 1,
  task: {
    prompt: "Fetch the weather. You may spend up to $0.05.",
    chain: "evm",
    network: NETWORK,
    budget_usd: 0.05,
    allowed_hosts: ["provider.test.localhost", "partner.test.localhost"],
    wallet_address: account.address,
    wallet_balance_usd: 100,
    host_mode: "localhost",
    ...task,
  },
});

/** An entry of an offer, at this price in dollars. */
export function entry(usd: number, more: object = {}): PaymentRequirements {
  return {
    scheme: "exact",
    network: NETWORK,
    amount: String(Math.round(usd * 1_000_000)),
    asset: USDC,
    payTo: SELLER,
    maxTimeoutSeconds: 60,
    extra: { name: "USDC", version: "2" },
    ...more,
  };
}

export interface Visit {
  readonly url: string;
  readonly accepts: readonly unknown[];
  /** The page that named the URL. */
  readonly page?: string;
  readonly resource?: string;
}

export interface Paid {
  readonly url: string;
  readonly usd: number;
  readonly to: string;
  readonly network: string;
  readonly asset: string;
}

/** One 402: asks, signs what was chosen, shows it, and pays where nothing was denied. */
export async function visit(guardrail: Guardrail, { url, accepts, page, resource }: Visit): Promise<Paid | string> {
  const answer = await guardrail.ask({
    type: "payment",
    request: { url, method: "GET" },
    referrer: page === undefined ? null : { url: "", text: page },
    rail: "x402v2",
    challenge: { accepts, resource: { url: resource ?? url, description: "" }, raw_body: {} },
    history: [],
  });
  if (answer.decision !== "allow") return answer.reason ?? "denied without a reason";
  const chosen = accepts[answer.accept_index ?? -1] as PaymentRequirements | undefined;
  assert.ok(chosen, `accept_index ${answer.accept_index} is none of the entries`);
  const client = new x402Client((_, entries) => entries[0] as PaymentRequirements)
    .register("eip155:*", new ExactEvmScheme(account))
    .setSpendControls(false);
  const payment = await client.createPaymentPayload({
    x402Version: 2,
    resource: { url, description: "", mimeType: "" },
    accepts: [chosen],
  });
  const said = await guardrail.ask(signing(chosen, payment.payload.authorization as object));
  if (said.decision !== "allow") return said.reason ?? "denied without a reason";
  const { amount, payTo, network, asset } = chosen;
  return { url, usd: Number(amount) / 1_000_000, to: payTo, network, asset };
}

/** What is about to be signed: without the types, as the harness leaves them out. */
export function signing(chosen: PaymentRequirements, message: object): object {
  const chainId = Number(chosen.network.split(":")[1]);
  const domain = { name: "USDC", version: "2", chainId, verifyingContract: chosen.asset };
  const typed_data = { domain, primaryType: "TransferWithAuthorization", message };
  return { type: "sign", chain: "evm", payload: { typed_data }, decoded_legs: [{}] };
}
