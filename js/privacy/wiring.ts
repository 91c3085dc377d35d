/** The ledger and the payments of a warden, with everything that they say and show looked through. */

import type { Ledger } from "../core/ledger.ts";
import type { Payments } from "../payments.ts";
import { mustBeScreened } from "./open.ts";
import type { Privacy } from "./privacy.ts";

/** Messages repeat what was asked and offered: they are written as the audit log would be. */
export function withCleanMessages(ledger: Ledger, privacy: Privacy): Ledger {
  async function clean<T extends { readonly message?: string | null | undefined }>(answer: T): Promise<T> {
    if (answer.message == null) return answer;
    const message = await privacy.clean("audit", answer.message);
    return message === answer.message ? answer : { ...answer, message };
  }
  return {
    ...ledger,
    get policy() {
      return ledger.policy;
    },
    authorize: async (event, along) => clean(await ledger.authorize(event, along)),
    check: async (event) => clean(await ledger.check(event)),
    move: async (event, along) => clean(await ledger.move(event, along)),
    reload: async (policy) => {
      mustBeScreened(policy);
      await ledger.reload(policy);
    },
    command: async (event) =>
      ledger.command(
        typeof event.reason === "string" ? { ...event, reason: await privacy.clean("reason", event.reason) } : event,
      ),
  };
}

/** An offer is looked through before anything is held for it. */
export function withScreenedOffers(payments: Payments, privacy: Privacy): Payments {
  return {
    ...payments,
    async hold(asked, scope) {
      await privacy.offer(asked.offerText);
      return payments.hold(asked, scope);
    },
  };
}
