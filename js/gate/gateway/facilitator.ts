/** A facilitator by its URL: what it says is read with a bound, within a time, and from no other place than that one. */

import { isObject } from "../../x402/wire.ts";
import { readBytes } from "../adapters/fetch.ts";
import type { Facilitator } from "../facilitator.ts";

const MAX_ANSWER = 256 * 1024;

export function httpFacilitator(options: {
  readonly url: string;
  /** For each call, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Such as a key of the facilitator's. */
  readonly headers?: Readonly<Record<string, string>>;
}): Facilitator {
  const base = options.url.replace(/\/+$/, "");
  if (!URL.canParse(base) || !/^https?:/.test(base)) throw new TypeError(`\`${options.url}\` is no facilitator's URL`);

  async function call(path: string, body?: object): Promise<{ readonly ok: boolean; readonly answer: unknown }> {
    const response = await fetch(`${base}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...options.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // The payment goes to the one that was chosen.
      redirect: "error",
      signal: AbortSignal.timeout(options.timeoutMs ?? 60_000),
    });
    const bytes = await readBytes(response.body, MAX_ANSWER);
    if (bytes === "too_long") throw new Error(`the facilitator's answer to ${path} is too long`);
    let answer: unknown;
    try {
      answer = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new Error(`the facilitator answered ${path} with ${response.status}, and with no JSON`);
    }
    return { ok: response.ok, answer };
  }

  async function asked(
    path: "verify" | "settle",
    member: string,
    payment: object,
    requirements: object,
  ): Promise<never> {
    const x402Version = (payment as { readonly x402Version?: unknown }).x402Version;
    const body = { x402Version, paymentPayload: payment, paymentRequirements: requirements };
    const { ok, answer } = await call(path, body);
    // A refusal may come with another status; an answer without the word itself is none.
    if (isObject(answer) && typeof answer[member] === "boolean" && (ok || answer[member] === false)) {
      return answer as never;
    }
    throw new Error(`the facilitator's answer to ${path} is none`);
  }

  return {
    verify: (payment: object, requirements: object) => asked("verify", "isValid", payment, requirements),
    settle: (payment: object, requirements: object) => asked("settle", "success", payment, requirements),
    async getSupported() {
      const { ok, answer } = await call("supported");
      if (!ok || !isObject(answer) || !Array.isArray(answer.kinds)) throw new Error("the facilitator supports nothing");
      return answer as never;
    },
  };
}
