/** What people do: answer questions, freeze and unfreeze, close payments by hand, keep keys. */

import { PaymentDenied } from "../errors.ts";
import type { FeedRow } from "./api.ts";
import { Refused } from "./exchange.ts";
import { mayDo } from "./keys.ts";
import type { Call, Handlers, Parts } from "./parts.ts";
import { ownId, wholeId } from "./paying.ts";

const DAY = 86_400;

export function people(parts: Parts): Handlers {
  const { control, keys, history, ledger } = parts;

  function did(
    caller: { readonly key: { readonly name: string; readonly approver?: string } },
    kind: FeedRow["kind"],
    id: string,
    more: Partial<Omit<FeedRow, "seq" | "at">>,
  ): void {
    const agent = id.includes("~") ? (id.split("~")[0] ?? "") : "";
    history.add({ kind, id, agent, session: "", client: "", by: caller.key.approver ?? caller.key.name, ...more });
  }

  async function answer(
    verb: "approve" | "reject",
    { caller, path, body }: Pick<Call<"POST /v1/approvals/{id}/approve">, "caller" | "path" | "body">,
  ) {
    const id = path.id ?? "";
    const { digest, note, signed_at: signedAt, signature } = body;
    const outcome = await control[verb](id, caller.key.approver ?? "", { digest, note, signedAt, signature });
    const { ok, reason, message } = outcome;
    did(caller, verb, id, { ok, ...(reason != null && { reason }), ...(message != null && { message }) });
    parts.tell({ type: "changed", what: "approvals" });
    return outcome;
  }

  async function frozen(): Promise<{ readonly freezes: Awaited<ReturnType<typeof control.freezes>> }> {
    parts.tell({ type: "changed", what: "freezes" });
    return { freezes: await control.freezes() };
  }

  return {
    "GET /v1/approvals": async ({ caller, query }) => {
      const all = mayDo(caller, "read") || mayDo(caller, "approve");
      const { standing, agent, id } = query;
      const filter = {
        ...(standing !== undefined && { standing }),
        ...(all ? agent !== undefined && { agent } : { agent: caller.key.agent ?? "" }),
      };
      const whole = id === undefined || all ? id : wholeId(caller, id);
      const found =
        whole === undefined ? await ledger.approvals(filter) : await ledger.approvals({ ...filter, ids: [whole] });
      const approvals = all ? found : found.map((view) => ({ ...view, id: ownId(caller, view.id) ?? view.id }));
      return { approvals };
    },
    "GET /v1/approvals/{id}": async ({ caller, path }) => {
      const all = mayDo(caller, "read") || mayDo(caller, "approve");
      const id = path.id ?? "";
      const [view] = await ledger.approvals({ ids: [all ? id : wholeId(caller, id)] });
      if (view === undefined)
        throw new Refused(404, "not_found", `nobody is asked about \`${id}\``, { where: "path.id" });
      return all ? view : { ...view, id };
    },
    "POST /v1/approvals/{id}/approve": (call) => answer("approve", call),
    "POST /v1/approvals/{id}/reject": (call) => answer("reject", call),

    "POST /v1/freeze": async ({ caller, body }) => {
      const { reason, disable } = body;
      // An agent stops itself, and nobody else.
      const agent = mayDo(caller, "admin") ? body.agent : (caller.key.agent ?? "");
      if (disable === true && agent === undefined)
        throw new Refused(400, "bad_request", "only an agent can be disabled", {
          where: "body.disable",
          fix: "name it under `agent`",
        });
      await control.freeze(reason, { ...(agent !== undefined && { agent }), ...(disable === true && { disable }) });
      did(caller, "freeze", "", { agent: agent ?? "", message: reason });
      const all = await frozen();
      return mayDo(caller, "admin")
        ? all
        : { freezes: all.freezes.filter((one) => one.agent == null || one.agent === agent) };
    },

    "POST /v1/unfreeze": async ({ caller, body }) => {
      const { agent, signed_at: signedAt, signature } = body;
      // Where the policy names keys, only what an approver has signed lifts it.
      const approver = signature === undefined ? undefined : caller.key.approver;
      const given = { agent, signedAt, signature, approver };
      try {
        await control.unfreeze(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
      } catch (error) {
        if (!(error instanceof PaymentDenied)) throw error;
        throw new Refused(403, error.code, error.decision.message ?? error.message, {
          fix: "the policy names keys: an approver signs the digest of the freeze, see docs/approvals.md",
        });
      }
      did(caller, "unfreeze", "", { agent: agent ?? "" });
      return frozen();
    },

    "POST /v1/holds/{id}/resolve": async ({ caller, path, body }) => {
      const id = path.id ?? "";
      const outcome = await control.resolve(id, "spent" in body ? { spent: body.spent } : { free: true }, body.reason);
      did(caller, "hand", id, {
        ok: outcome.ok,
        message: body.reason,
        ...(outcome.state != null && { state: outcome.state }),
        ...(outcome.reason != null && { reason: outcome.reason }),
      });
      return outcome;
    },
    "POST /v1/holds/{id}/refund": async ({ caller, path, body }) => {
      const id = path.id ?? "";
      const outcome = await control.refund(id, body.amount, body.refund);
      did(caller, "hand", id, {
        ok: outcome.ok,
        amount: body.amount,
        message: "refund",
        ...(outcome.reason != null && { reason: outcome.reason }),
      });
      return outcome;
    },

    "GET /v1/keys": async () => ({ keys: await keys.list() }),
    "POST /v1/keys": ({ body }) => keys.add(body),
    "POST /v1/keys/{id}/rotate": ({ path, body }) => keys.rotate(path.id ?? "", body?.overlap_seconds ?? DAY),
    "DELETE /v1/keys/{id}": async ({ path }) => {
      await keys.revoke(path.id ?? "");
      return { ok: true };
    },
  };
}
