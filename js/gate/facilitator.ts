/**
 * What the gate asks of a facilitator, and how it reads the answers. The official `HTTPFacilitatorClient` is one, and so
 * is an in-process `x402Facilitator`.
 *
 * An answer is proof of nothing by itself; but the seller has chosen this facilitator, and books by its word. Where there
 * is no word, or one that does not say whether the money moved, it is *unknown*, and the money stays held.
 */

import { isObject } from "../x402/wire.ts";

/** As `@x402/core` has it; the members that are not named here are passed on as they are. */
export interface Facilitator {
  verify(payment: never, requirements: never): Promise<VerifyAnswer>;
  settle(payment: never, requirements: never): Promise<SettleAnswer>;
  getSupported(): Promise<{
    readonly kinds: readonly { readonly x402Version: number; readonly scheme: string; readonly network: string }[];
  }>;
}

export interface VerifyAnswer {
  readonly isValid: boolean;
  readonly invalidReason?: string | undefined;
  readonly payer?: string | undefined;
}

export interface SettleAnswer {
  readonly success: boolean;
  readonly errorReason?: string | undefined;
  readonly transaction: string;
  readonly network: string;
  readonly payer?: string | undefined;
  readonly amount?: string | undefined;
}

export type Verified =
  | { readonly kind: "valid"; readonly payer: string | undefined }
  | { readonly kind: "invalid"; readonly reason: string }
  /** Nobody can say: the facilitator failed. Nothing has moved, since nothing was settled. */
  | { readonly kind: "failed"; readonly error: unknown };

export type Settled =
  | { readonly kind: "captured"; readonly answer: SettleAnswer }
  /** The facilitator says that it did nothing, for a reason that it can know before it does. */
  | { readonly kind: "refused"; readonly reason: string; readonly answer: SettleAnswer }
  /**
   * It may have moved. `answered`: the facilitator works, and says that it could not settle this one. `late` is the answer
   * that may still come.
   */
  | {
      readonly kind: "unknown";
      readonly error: unknown;
      readonly answered?: boolean;
      readonly late?: Promise<Settled>;
    };

export async function verify(
  facilitator: Facilitator,
  payment: object,
  requirements: object,
  timeoutMs: number,
): Promise<Verified> {
  try {
    const answer = await within(timeoutMs, "verify", facilitator.verify(payment as never, requirements as never));
    // Anything but the word itself is a no: a facilitator behind a broken proxy answers with all kinds of things.
    if (answer?.isValid === true) return { kind: "valid", payer: textOf(answer.payer) };
    if (answer?.isValid === false)
      return { kind: "invalid", reason: textOf(answer.invalidReason) ?? "invalid_payment" };
    return { kind: "failed", error: new Error("the facilitator's answer is none") };
  } catch (error) {
    // The official client throws a refusal that came with another status than 200.
    const reason = reasonIn(error, "invalidReason");
    return reason === undefined ? { kind: "failed", error } : { kind: "invalid", reason };
  }
}

export async function settle(
  facilitator: Facilitator,
  payment: object,
  requirements: object,
  timeoutMs: number,
): Promise<Settled> {
  const asked = once(facilitator, payment, requirements);
  try {
    const first = await within(timeoutMs, "settle", asked);
    // It is on its way: asked once more, as the official server does.
    const pending = first.kind === "unknown" && first.error === PENDING;
    return pending ? await within(timeoutMs, "settle", once(facilitator, payment, requirements)) : first;
  } catch (error) {
    return { kind: "unknown", error, late: asked };
  }
}

const PENDING = new Error("the settlement is pending");

async function once(facilitator: Facilitator, payment: object, requirements: object): Promise<Settled> {
  try {
    return judge(await facilitator.settle(payment as never, requirements as never));
  } catch (error) {
    const reason = reasonIn(error, "errorReason");
    if (reason === undefined) return { kind: "unknown", error };
    const network = String((requirements as { readonly network?: unknown }).network);
    return judge({ success: false, errorReason: reason, transaction: "", network });
  }
}

function judge(answer: SettleAnswer): Settled {
  if (answer?.success === true) return { kind: "captured", answer };
  const reason = textOf(answer?.errorReason);
  if (reason === "settlement_pending") return { kind: "unknown", error: PENDING };
  if (reason !== undefined && saysNothingMoved(reason)) return { kind: "refused", reason, answer };
  const error = new Error(`the facilitator did not settle: ${reason ?? "no reason"}`);
  return { kind: "unknown", error, answered: reason !== undefined };
}

/**
 * Reasons that are found before anything is sent to a chain. A nonce that is used is none of them, nor is a transaction
 * (or its simulation) that failed: it may be this very payment, sent by somebody else, that has used the nonce.
 */
export function saysNothingMoved(reason: string): boolean {
  if (/nonce|already|pending|unexpected|timeout|duplicate|transaction|simulation|event/.test(reason)) return false;
  return /^(invalid_|unsupported_|insufficient_|permit2_|upto_|eip6492_|smart_wallet_|asset_not_deployed)/.test(reason);
}

/** The reason of an error of the official packages, which is a refusal and no failure. */
function reasonIn(error: unknown, member: "invalidReason" | "errorReason"): string | undefined {
  if (!(error instanceof Error) || !/^(Verify|Settle)Error$/.test(error.name)) return undefined;
  const found = (error as unknown as Record<string, unknown>)[member];
  return typeof found === "string" && found !== "" ? found : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= 512 ? value : undefined;
}

/** Its answer, or an error when it takes longer. */
export async function within<T>(timeoutMs: number, what: string, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

/** The kinds that a facilitator supports, as far as they can be read. */
export async function supportedKinds(facilitator: Facilitator, timeoutMs: number): Promise<readonly Kind[]> {
  const answer: unknown = await within(timeoutMs, "supported", facilitator.getSupported());
  const kinds = isObject(answer) && Array.isArray(answer.kinds) ? (answer.kinds as readonly unknown[]) : [];
  return kinds.filter(
    (kind): kind is Kind => isObject(kind) && typeof kind.scheme === "string" && typeof kind.network === "string",
  );
}

export interface Kind {
  readonly x402Version: number;
  readonly scheme: string;
  readonly network: string;
  readonly extra?: Record<string, unknown>;
}
