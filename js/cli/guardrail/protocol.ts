/**
 * The messages of the Guardrail Decision Protocol, version 1, as far as they are judged. They are read strictly: of a
 * message that lacks what its type needs only the number is taken, and the answer is a denial.
 */

import { isObject, type JsonObject, parseObject } from "../../x402/wire.ts";

export interface Task {
  readonly network: string;
  /** US dollars, as a decimal text. */
  readonly budgetUsd: string;
  /** Names of hosts, in lower case. */
  readonly hosts: readonly string[];
  readonly wallet: string;
  /** `path`: hosts stand in the path of one origin. */
  readonly hostMode: string;
}

export type Question =
  | {
      readonly type: "payment";
      readonly method: string;
      readonly url: string;
      /** The text of the page that led here. */
      readonly referrer: string;
      readonly accepts: readonly unknown[];
      readonly resource: unknown;
    }
  | { readonly type: "transfer" }
  | { readonly type: "sign"; readonly typed: object }
  | { readonly type: "sign"; readonly transaction: string }
  /** A message that can't be read, and why. */
  | { readonly type: "unreadable"; readonly why: string };

export type Asked = { readonly id: number } & ({ readonly type: "hello"; readonly task: Task } | Question);

export type Verdict =
  | { readonly decision: "allow"; readonly accept_index?: number }
  | { readonly decision: "deny"; readonly reason: string };

export type GuardrailAnswer = { readonly id: number } & (
  | Verdict
  | {
      readonly hooks: readonly string[];
      readonly name: string;
      readonly version: string;
      readonly nondeterministic: boolean;
    }
);

/** A message; nothing for an empty line; a text that says why there is no number to answer to. */
export function readMessage(line: string): Asked | string | undefined {
  if (line.trim() === "") return undefined;
  const message = parseObject(line);
  if (message === undefined || !Number.isSafeInteger(message.id)) return "a line is no message with a number";
  const id = message.id as number;
  const found = message.type === "hello" ? hello(message) : question(message);
  return typeof found === "string" ? { id, type: "unreadable", why: found } : { id, ...found };
}

function hello({ gdp, task }: JsonObject): { readonly type: "hello"; readonly task: Task } | string {
  if (gdp !== 1) return `version \`${String(gdp)}\` of the protocol is not spoken here; 1 is`;
  if (!isObject(task)) return "`task` is missing";
  const { network, budget_usd, allowed_hosts, wallet_address, host_mode } = task;
  const budgetUsd = dollars(budget_usd);
  if (typeof network !== "string") return "`task.network` is no text";
  if (budgetUsd === undefined) return "`task.budget_usd` is no plain number above zero";
  if (!isTexts(allowed_hosts)) return "`task.allowed_hosts` is no list of texts";
  if (typeof wallet_address !== "string") return "`task.wallet_address` is no text";
  const hosts = allowed_hosts.map((host) => host.toLowerCase());
  const hostMode = typeof host_mode === "string" ? host_mode : "";
  return { type: "hello", task: { network, budgetUsd, hosts, wallet: wallet_address, hostMode } };
}

function question(message: JsonObject): Question | string {
  const { type, request, referrer, challenge, payload } = message;
  if (type === "transfer") return { type };
  if (type === "payment") {
    if (!isObject(request) || typeof request.url !== "string") return "`request.url` is missing";
    if (!isObject(challenge) || !Array.isArray(challenge.accepts)) return "`challenge.accepts` is missing";
    const method = typeof request.method === "string" ? request.method : "GET";
    const text = isObject(referrer) && typeof referrer.text === "string" ? referrer.text : "";
    const { accepts, resource } = challenge;
    return { type, method, url: request.url, referrer: text, accepts: accepts as readonly unknown[], resource };
  }
  if (type === "sign") {
    if (isObject(payload) && isObject(payload.typed_data)) return { type, typed: payload.typed_data };
    if (isObject(payload) && typeof payload.serialized_tx === "string") {
      return { type, transaction: payload.serialized_tx };
    }
    return "`payload` holds neither typed data nor a transaction";
  }
  return `\`${String(type)}\` is no type of message`;
}

/** A figure in dollars as the policy has it: JSON numbers that JavaScript writes with an exponent are refused. */
function dollars(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^\d{1,12}(\.\d{1,18})?$/.test(text) && Number(text) > 0 ? text : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
