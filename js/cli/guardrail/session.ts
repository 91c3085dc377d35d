/**
 * One task, judged by the core on a ledger of its own: the payment is held, and ticketed, when it is allowed; what is about
 * to be signed has to be what is held. Nobody tells what became of it, so that it counts as long as it could be used.
 */

import { type Ledger, openLedger } from "../../core/ledger.ts";
import { denied, refusal } from "../../errors.ts";
import type { PolicyText } from "../../policy-source.ts";
import { memoryStore } from "../../stores/memory.ts";
import type { Question, Task, Verdict } from "./protocol.ts";
import { hostOf, isLocal, namedPrice, policyOf } from "./task.ts";

export interface Session {
  readonly hooks: readonly ["payment", "transfer", "sign"];
  judge(question: Question): Promise<Verdict>;
  close(): Promise<void>;
}

/** What was allowed last, and not yet signed. */
interface Open {
  readonly id: string;
  /** The entry of the offer that is held. */
  readonly accept: unknown;
}

/** EIP-3009's own definition: the harness leaves the types of a message out. */
const TYPES = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
};

/** Throws `PolicyInvalid` where the task can't be judged: then the harness is told no hooks. */
export async function openSession(task: Task, own: PolicyText | undefined): Promise<Session> {
  const origins: string[] = [];
  const ledger: Ledger = openLedger({ policy: policyOf(task, origins, own), store: memoryStore() });
  await ledger.note("opened");
  let open: Open | undefined;

  /** Lists an origin of this machine that is one of the task's: its port is known only when it is asked for. */
  async function list(url: URL): Promise<void> {
    if (!isLocal(url) || origins.includes(url.origin)) return;
    await ledger.reload({ json: policyOf(task, [...origins, url.origin], own), name: "the task" });
    origins.push(url.origin);
  }

  async function payment({ method, url, referrer, accepts, resource }: Question & { readonly type: "payment" }) {
    open = undefined;
    const asked = URL.canParse(url) ? new URL(url) : undefined;
    if (asked === undefined || hostOf(asked, task) === undefined) {
      return deny(refusal("", "vendor_not_allowed", `\`${asked?.host ?? url}\` is none of the task's hosts`));
    }
    await list(asked);
    const price = namedPrice(referrer);
    const id = ledger.drawId();
    const decision = await ledger.authorize({
      id,
      agent: "task",
      method,
      url,
      offer: { x402Version: 2, accepts, ...(resource === undefined ? {} : { resource }) },
      ...(price === undefined ? {} : { max_usd: price }),
    });
    if (decision.action !== "allow" || decision.accept == null) return deny(denied(decision));
    const ticket = await ledger.move({ type: "ticket", id });
    if (!ticket.ok) return deny(denied(ticket));
    open = { id, accept: accepts[decision.accept] };
    return { decision: "allow", accept_index: decision.accept } as const;
  }

  async function sign(question: Question & { readonly type: "sign" }): Promise<Verdict> {
    if (open === undefined) return deny(refusal("", "unticketed_signature", "nothing was allowed that this is for"));
    const { id, accept } = open;
    const outcome =
      "typed" in question
        ? await ledger.move({ type: "message", id, signer: task.wallet, message: { types: TYPES, ...question.typed } })
        : await ledger.move({
            type: "sign",
            id,
            payload: { x402Version: 2, accepted: accept, payload: { transaction: question.transaction } },
          });
    // One ticket, one signature.
    open = undefined;
    return outcome.ok ? { decision: "allow" } : deny(denied(outcome));
  }

  return {
    hooks: ["payment", "transfer", "sign"],
    async judge(question) {
      switch (question.type) {
        case "payment":
          return payment(question);
        case "sign":
          return sign(question);
        case "transfer":
          return deny(refusal("", "unticketed_signature", "a page may ask for money; only an offer gets it"));
        case "unreadable":
          return { decision: "deny", reason: question.why };
      }
    },
    close: () => ledger.close(),
  };
}

function deny(error: Error): Verdict {
  return { decision: "deny", reason: error.message };
}
