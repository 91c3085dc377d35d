/** All that is known of one payment: each step of it, its hold, and what people were asked. */

import { call } from "../lib/api.ts";
import { feedFields } from "../lib/feed.ts";
import { useLoad } from "../lib/load.ts";
import { tokens } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { StateBadge } from "../parts/badge.tsx";
import { FeedTable } from "../parts/feed-table.tsx";
import { Export } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { When } from "../parts/when.tsx";
import { Question } from "./approvals.tsx";

export function PaymentPage({ id }: { id: string }) {
  const steps = useLoad(
    async (signal) => (await call("GET /v1/decisions", { signal, query: { kind: "all", id, limit: 1_000 } })).rows,
    `steps ${id}`,
  );
  const hold = useLoad(
    async (signal) => (await call("GET /v1/payments/{id}", { signal, name: id })) ?? null,
    `hold ${id}`,
  );
  const asked = useLoad(
    async (signal) => (await call("GET /v1/approvals", { signal, query: { id } })).approvals,
    `asked ${id}`,
  );
  const line = hold.data;
  return (
    <Page title={id} up={{ name: "Decisions", href: hrefOf([]) }}>
      {asked.data?.map((view) => (
        <Question key={view.id} view={view} />
      ))}
      <Card title="Step by step" side={<Export name="payment" rows={() => steps.data ?? []} fields={feedFields} />}>
        <Failed failure={steps.failure} what="No steps" />
        {steps.data === undefined ? (
          steps.failure === undefined && <Waiting />
        ) : (
          <FeedTable caption="Step by step, the newest first" rows={steps.data} none="Nothing is remembered of it." />
        )}
      </Card>
      <Card title="The hold">
        {line == null ? (
          <p class="empty">
            {hold.failure?.status === 404 || line === null
              ? "Nothing was held for it."
              : (hold.failure?.message ?? "Loading …")}
          </p>
        ) : (
          <dl class="facts">
            <dt>State</dt>
            <dd>
              <StateBadge state={line.state} /> {line.ground != null && `by ${line.ground}`}
            </dd>
            <dt>Amount</dt>
            <dd>
              {tokens(line.amount, line.decimals)} <Foreign text={line.symbol ?? line.asset} />
            </dd>
            <dt>Payee</dt>
            <dd>
              <Foreign text={line.payee} mono />
            </dd>
            <dt>Network</dt>
            <dd>{line.network}</dd>
            <dt>Asset</dt>
            <dd>
              <Foreign text={line.asset} mono />
            </dd>
            <dt>Endpoint</dt>
            <dd>
              <Foreign text={line.endpoint} />
            </dd>
            <dt>Held since</dt>
            <dd>
              <When at={line.at} as="stamp" />
            </dd>
            <dt>Can be used until</dt>
            <dd>
              <When at={line.until} as="stamp" />
            </dd>
            {line.captured != null && (
              <>
                <dt>Taken</dt>
                <dd>{tokens(line.captured, line.decimals)}</dd>
              </>
            )}
            {line.transaction != null && (
              <>
                <dt>Transaction</dt>
                <dd>
                  <Foreign text={line.transaction} mono />
                </dd>
              </>
            )}
            {line.note != null && (
              <>
                <dt>Note</dt>
                <dd>
                  <Foreign text={line.note} />
                </dd>
              </>
            )}
          </dl>
        )}
      </Card>
    </Page>
  );
}
