/** The inbox: what waits for people, with what they have to see before they answer. */

import { useState } from "preact/hooks";
import { amountOf } from "../../../approvals/message.ts";
import type { ApprovalView } from "../../../core/types.ts";
import type { Field } from "../../../service/csv.ts";
import { visible } from "../../../service/visible.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { changes, useLoad } from "../lib/load.ts";
import { inUnit } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { may, me } from "../lib/session.ts";
import { StandingBadge } from "../parts/badge.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { Countersignature, type Signed, signedMembers } from "../parts/signature.tsx";
import { When } from "../parts/when.tsx";

const FIELDS: readonly Field<ApprovalView>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "standing", value: ({ standing }) => standing },
  { name: "asked_at", value: ({ asked_at }) => asked_at },
  { name: "expires_at", value: ({ expires_at }) => expires_at },
  { name: "agent", value: ({ payment }) => payment.agent },
  { name: "client", value: ({ payment }) => payment.client },
  { name: "amount", value: ({ payment }) => payment.amount },
  { name: "asset", value: ({ payment }) => payment.asset },
  { name: "usd", value: ({ payment }) => payment.usd },
  { name: "payee", value: ({ payment }) => payment.payee },
  { name: "url", value: ({ payment }) => payment.url },
  { name: "description", value: ({ payment }) => payment.description },
  { name: "threshold", value: ({ threshold }) => threshold },
  {
    name: "answers",
    value: ({ answers }) =>
      answers.map(({ approver, approved }) => `${approver}: ${approved ? "yes" : "no"}`).join("; "),
  },
  { name: "digest", value: ({ digest }) => digest },
];

export function Approvals() {
  const all = asked("standing") === "all";
  const { data, failure } = useLoad(
    async (signal) =>
      (await call("GET /v1/approvals", { signal, query: all ? {} : { standing: "pending" as const } })).approvals,
    `approvals ${all}`,
  );
  const views = (data ?? [])
    .filter(({ id, payment: { agent, client, url, payee, description } }) =>
      found(id, agent, client, url, payee, description),
    )
    .toSorted((a, b) => rank(a) - rank(b) || a.expires_at.localeCompare(b.expires_at));
  return (
    <Page
      title="Approvals"
      about="An approval is bound to what is shown here: another amount, payee or policy is another question. Silence is a denial."
    >
      <Filters>
        <Search label="Search" hint="agent, URL, payee …" />
        <Select
          label="Show"
          name="standing"
          options={[
            ["", "what waits"],
            ["all", "all that are remembered"],
          ]}
        />
        <span class="grow" />
        <Export name="approvals" rows={() => views} fields={FIELDS} />
      </Filters>
      <Failed failure={failure} what="No approvals" />
      {!may("approve") && <p class="notice">This key may look, and not answer: log in with one that may approve.</p>}
      {data === undefined && failure === undefined && <Waiting />}
      {data !== undefined && views.length === 0 && <p class="empty">Nothing waits for an answer.</p>}
      {views.map((view) => (
        <Question key={view.id} view={view} />
      ))}
    </Page>
  );
}

const rank = ({ standing }: ApprovalView): number => (standing === "pending" ? 0 : 1);

/** One question, as wide as it takes to see it all. Nothing an approver needs is behind a click. */
export function Question({ view }: { view: ApprovalView }) {
  const { payment, standing } = view;
  const times = payment.payee_prior_payments;
  return (
    <article class="card question" aria-label={visible(`Payment ${view.id}`)}>
      <div class="title">
        <h2 class="amount">
          <Foreign text={amountOf(payment)} />
        </h2>
        <span>
          <StandingBadge standing={standing} />{" "}
          {standing === "pending" && (
            <span class="dim">
              until <When at={view.expires_at} /> (<When at={view.expires_at} as="around" />)
            </span>
          )}
        </span>
      </div>
      <div class="parts">
        <dl class="facts">
          <dt>Payee</dt>
          <dd>
            <Foreign text={payment.payee} mono />
            <span class="sub">on {payment.network}</span>
            {times === 0 ? (
              <strong>NEW: never paid before</strong>
            ) : (
              <span class="sub">
                known: paid {times} {times === 1 ? "time" : "times"} before
              </span>
            )}
          </dd>
          <dt>Origin</dt>
          <dd>
            <Foreign text={payment.origin} mono />
          </dd>
          <dt>Request</dt>
          <dd>
            {payment.method} <Foreign text={payment.url} />
          </dd>
          <dt>Agent</dt>
          <dd>
            {payment.agent === "" ? (
              "(no name)"
            ) : (
              <a href={hrefOf(["agents", payment.agent])}>
                <Foreign text={payment.agent} />
              </a>
            )}
            {payment.client !== "" && (
              <>
                , for <Foreign text={payment.client} />
              </>
            )}
          </dd>
        </dl>
        <dl class="facts">
          <dt>Why</dt>
          <dd>
            <ul>
              {payment.why.map((why) => (
                <li key={why}>
                  <Foreign text={why} />
                </li>
              ))}
              {payment.flags.map((flag) => (
                <li key={flag}>
                  flag <Foreign text={flag} />
                </li>
              ))}
            </ul>
          </dd>
          <dt>Budgets</dt>
          <dd>
            <ul>
              {payment.budgets.map((budget) => (
                <li key={`${budget.name} ${budget.window} ${budget.unit}`}>
                  <Foreign text={budget.name} /> ({budget.window}): {inUnit(budget.before, budget.unit)} →{" "}
                  {inUnit(budget.after, budget.unit)}
                  {budget.limit != null && ` of ${inUnit(budget.limit, budget.unit)}`}
                </li>
              ))}
              {payment.budgets.length === 0 && <li>none</li>}
            </ul>
          </dd>
          <dt>Needs</dt>
          <dd>
            {view.threshold} of{" "}
            <Foreign text={view.approvers?.map(({ name }) => name).join(", ") ?? "anybody but the agent"} />
            <ul>
              {view.answers.map(({ approver, approved, at, note, signed }) => (
                <li key={approver}>
                  {approved ? "✓ approved" : "✕ refused"} by <Foreign text={approver} />
                  {signed && ", signed"}, <When at={at} />
                  {note != null && (
                    <>
                      : <Foreign text={note} />
                    </>
                  )}
                </li>
              ))}
            </ul>
          </dd>
        </dl>
      </div>
      {payment.description != null && (
        <>
          <p class="dim">The seller says (anybody can write anything here):</p>
          <blockquote>
            <Foreign text={payment.description} />
          </blockquote>
        </>
      )}
      <p class="dim">
        Payment{" "}
        <a href={hrefOf(["payments", view.id])} class="mono">
          <Foreign text={view.id} />
        </a>{" "}
        · digest <span class="mono">{view.digest.slice(0, 16)}…</span> · asked <When at={view.asked_at} as="around" />
      </p>
      {standing === "pending" && may("approve") && <Answer view={view} />}
    </article>
  );
}

function Answer({ view }: { view: ApprovalView }) {
  const [verb, setVerb] = useState<"approve" | "reject">("approve");
  const [note, setNote] = useState("");
  const [signed, setSigned] = useState<Signed>();
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const approver = me.value?.approver ?? "";
  const line = view.approvers?.find(({ name }) => name === approver);
  const said = view.answers.find((answer) => answer.approver === approver);
  const keyed = line?.key != null;
  if (view.approvers != null && line === undefined) {
    return <p class="notice">You are not asked about this one{approver === "" ? "" : ` (as ${approver})`}.</p>;
  }

  const answer = async (wanted: "approve" | "reject"): Promise<void> => {
    setBusy(true);
    try {
      const body = { digest: view.digest, ...(note !== "" && { note }), ...signedMembers(signed) };
      const outcome = await call(`POST /v1/approvals/{id}/${wanted}`, { name: view.id, body });
      if (!outcome.ok) {
        const message = outcome.message ?? outcome.reason ?? "it does not count";
        setFailure({ status: 200, code: outcome.reason ?? "", message });
      } else setFailure(undefined);
      changes.value += 1;
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      {keyed && (
        <>
          <label class="choice">
            <input
              type="checkbox"
              checked={verb === "reject"}
              onChange={() => setVerb(verb === "approve" ? "reject" : "approve")}
            />
            I sign to refuse
          </label>
          <Countersignature key={verb} verb={verb} digest={view.digest} signed={signed} change={setSigned} needed />
        </>
      )}
      <div class="answer">
        <label>
          Note (others will read it)
          <input value={note} maxLength={500} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <button
          type="button"
          class="main-action"
          disabled={busy || (keyed && verb === "reject")}
          onClick={() => void answer("approve")}
        >
          Approve
          <span class="unseen">
            {" "}
            <Foreign text={amountOf(view.payment)} />
          </span>
        </button>
        <button
          type="button"
          class="danger"
          disabled={busy || (keyed && verb === "approve")}
          onClick={() => void answer("reject")}
        >
          Reject
          <span class="unseen">
            {" "}
            <Foreign text={amountOf(view.payment)} />
          </span>
        </button>
        {said && <span class="dim">You have {said.approved ? "approved" : "refused"} it.</span>}
      </div>
      <Failed failure={failure} what="Your answer does not count" />
    </>
  );
}
