// What became of each purchase, seen from between the official client and the guarded fetch: the hold that an offer is
// marked with, the payment on its way out, the seller's receipt. Denials come as errors, with their decision.

import { PaymentDenied } from "../../js/index.ts";
import { type JsonObject, markOf, parseObject, paymentOf, readOffer, readReceipt } from "../../js/x402/wire.ts";

/** One purchase: what was decided, and what became of it. */
export interface Purchase {
  /** The payment's id in the ledger. */
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly action: "allow" | "require_approval" | "deny";
  readonly reason: string;
  readonly rules: readonly string[];
  /** What was offered, in atomic units. */
  readonly amount: string;
  /** The seller settled it, and it is booked as spent. */
  readonly captured: boolean;
  /** What was to be signed is what was held; null if it never came to that. */
  readonly bound: boolean | null;
  /** For people: what was wrong, and what would help. */
  readonly notes: readonly string[];
}

export interface Watch {
  /** To be given to `wrapFetchWithPayment`. */
  readonly fetch: typeof fetch;
  /** Runs one paying request. One at a time: what the watch sees belongs to it. */
  purchase(method: string, url: string, pay: () => Promise<Response>): Promise<Purchase>;
}

interface Seen {
  id: string;
  amount: string;
  sent: boolean;
  receipt: boolean;
}

export function watchPayments(guarded: typeof fetch): Watch {
  let seen: Seen = { id: "", amount: "", sent: false, receipt: false };

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      // The guarded fetch lets nothing out that is not bound to its hold.
      const paying = paymentOf(request.headers) !== "none";
      const response = await guarded(request);
      if (paying) {
        seen.sent = true;
        seen.receipt = readReceipt(response.headers)?.success === true;
      } else if (response.status === 402) {
        Object.assign(seen, await holdOf(response));
      }
      return response;
    },

    async purchase(method, url, pay) {
      seen = { id: "", amount: "", sent: false, receipt: false };
      try {
        const response = await pay();
        await response.arrayBuffer();
        const { id, amount, sent, receipt } = seen;
        const base = { id, method, url, amount, action: "allow", reason: "allowed", rules: [] } as const;
        return { ...base, captured: receipt && response.ok, bound: sent, notes: [] };
      } catch (error) {
        if (!(error instanceof PaymentDenied)) throw error;
        return refused(method, url, error, seen);
      }
    },
  };
}

/** The id of the hold that a shown offer is marked with, and its price. */
async function holdOf(response: Response): Promise<Partial<Seen>> {
  const text = await readOffer(response);
  const offer = typeof text === "object" ? parseObject(text.text) : undefined;
  const id = markOf(offer);
  const entry = Array.isArray(offer?.accepts) ? (offer.accepts[0] as JsonObject) : undefined;
  const amount = entry?.amount ?? entry?.maxAmountRequired;
  return id !== undefined && typeof amount === "string" ? { id, amount } : {};
}

function refused(method: string, url: string, { code, decision }: PaymentDenied, seen: Seen): Purchase {
  const base = { method, url, action: "deny", reason: code, captured: false } as const;
  const what = [decision.field, decision.message].filter((part) => part !== undefined).join(": ");
  if ("action" in decision) {
    const { id, rules, amount = "0", fix } = decision;
    const most = fix?.max_amount_usd == null ? [] : [`at most ${fix.max_amount_usd} USD now`];
    const again = fix?.retry_at == null ? [] : [`or the same again at ${fix.retry_at}`];
    const help = [...most, ...again].join(", ");
    const notes = [what, help === "" ? "" : `what would help: ${help}`].filter((note) => note !== "");
    return { ...base, id, rules, amount: String(amount), bound: null, notes };
  }
  // It was allowed and held; what came to be signed was something else.
  const { id, amount } = seen;
  return { ...base, id, rules: [], amount, bound: false, notes: [what] };
}
