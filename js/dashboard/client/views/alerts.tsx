/** What wants a person's eye, the gravest first. */

import { useState } from "preact/hooks";
import type { Alert } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { useLoad } from "../lib/load.ts";
import { hrefOf } from "../lib/route.ts";
import { may } from "../lib/session.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { When } from "../parts/when.tsx";

const LEVELS: Readonly<Record<Alert["level"], readonly [Tone, string, number]>> = {
  critical: ["bad", "! critical", 0],
  warning: ["ask", "▲ warning", 1],
  info: ["plain", "i notice", 2],
};

const KINDS: Readonly<Record<Alert["kind"], string>> = {
  budget: "budget nearly used",
  spike: "spending spike",
  new_payee: "new payee",
  unknown: "unknown outcome",
  breaker: "breaker open",
  frozen: "frozen",
  audit: "audit log",
  denials: "many denials",
  emergency: "paid without the service",
  approvals: "approvals wait",
};

const FIELDS: readonly Field<Alert>[] = [
  { name: "since", value: ({ since }) => since },
  { name: "level", value: ({ level }) => level },
  { name: "kind", value: ({ kind }) => kind },
  { name: "message", value: ({ message }) => message },
  { name: "agent", value: ({ agent }) => agent },
  { name: "budget", value: ({ budget }) => budget },
  { name: "payment", value: ({ payment }) => payment },
  { name: "origin", value: ({ origin }) => origin },
];

/** Where one looks next. */
function whereTo({ kind, agent, payment, origin }: Alert): string | undefined {
  if (payment !== undefined) return hrefOf(["payments", payment]);
  if (kind === "budget") return hrefOf(["budgets"]);
  if (kind === "unknown") return hrefOf(["holds"], { which: "unresolved" });
  if (kind === "breaker") return hrefOf(["breakers"]);
  if (kind === "audit") return hrefOf(["audit"]);
  if (kind === "approvals") return hrefOf(["approvals"]);
  if (agent !== undefined && agent !== "") return hrefOf(["agents", agent]);
  return origin === undefined ? undefined : hrefOf([], { origin });
}

export function Alerts() {
  const { data, failure, reload } = useLoad(
    async (signal) => (await call("GET /v1/alerts", { signal })).alerts,
    "alerts",
  );
  const [refused, setRefused] = useState<Failure>();
  const level = asked("level");
  const alerts = (data ?? [])
    .filter((alert) => found(alert.message, alert.agent, alert.budget, alert.origin, KINDS[alert.kind]))
    .filter((alert) => level === "" || alert.level === level)
    .toSorted((a, b) => LEVELS[a.level][2] - LEVELS[b.level][2] || b.since.localeCompare(a.since));

  const dismiss = async (id: string): Promise<void> => {
    try {
      await call("POST /v1/alerts/{id}/dismiss", { name: id });
      setRefused(undefined);
    } catch (error) {
      setRefused(failureOf(error));
    }
    reload();
  };

  return (
    <Page
      title="Alerts"
      about="Each stands for as long as its cause does. Dismissed, it stays away until the cause comes anew."
    >
      <Card>
        <Filters>
          <Search label="Search" hint="text, agent, budget …" />
          <Select
            label="Level"
            name="level"
            options={[
              ["", "any"],
              ["critical", "critical"],
              ["warning", "warning"],
              ["info", "notice"],
            ]}
          />
          <span class="grow" />
          <Export name="alerts" rows={() => alerts} fields={FIELDS} />
        </Filters>
        <Failed failure={failure ?? refused} what={failure ? "No alerts" : "Not dismissed"} />
        {data === undefined && failure === undefined && <Waiting />}
        {data !== undefined && alerts.length === 0 && <p class="empty">Nothing to look at.</p>}
        <ul class="alerts" aria-label="Alerts">
          {alerts.map((alert) => {
            const [tone, text] = LEVELS[alert.level];
            const href = whereTo(alert);
            return (
              <li key={alert.id}>
                <Badge tone={tone}>{text}</Badge>
                <div>
                  <strong>{KINDS[alert.kind] ?? alert.kind}</strong> <Foreign text={alert.message} most={400} />
                  <span class="dim">
                    {" · since "}
                    <When at={alert.since} />
                  </span>
                </div>
                <div class="actions">
                  {href !== undefined && (
                    <a href={href}>
                      Look<span class="unseen"> at {KINDS[alert.kind]}</span>
                    </a>
                  )}
                  {(may("admin") || may("approve")) && (
                    <button type="button" class="plain" onClick={() => void dismiss(alert.id)}>
                      Dismiss<span class="unseen"> {KINDS[alert.kind]}</span>
                    </button>
                  )}
                </div>
              </li>
            );
          })}
        </ul>
      </Card>
    </Page>
  );
}
