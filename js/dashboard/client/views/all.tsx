/** The views by their addresses, and their names at the side. */

import type { ComponentChildren } from "preact";
import { may, overview } from "../lib/session.ts";
import { Alerts } from "./alerts.tsx";
import { Approvals } from "./approvals.tsx";
import { Audit } from "./audit.tsx";
import { Breakers } from "./breakers.tsx";
import { Budgets } from "./budgets.tsx";
import { Holds } from "./holds.tsx";
import { Keys } from "./keys.tsx";
import { Live } from "./live.tsx";
import { Missing } from "./missing.tsx";
import { AgentPage, Agents, ClientPage, Clients } from "./parties.tsx";
import { PaymentPage } from "./payment.tsx";
import { Policy } from "./policy.tsx";
import { Sellers } from "./sellers.tsx";

export interface PlaceLink {
  readonly name: string;
  /** The first part of its address; empty for the first view. */
  readonly at: string;
  readonly count?: number;
  readonly bad?: boolean;
}

export function places(): readonly { readonly title: string; readonly links: readonly PlaceLink[] }[] {
  // Whoever may only answer sees what there is to answer.
  if (!may("read")) return [{ title: "Now", links: [{ name: "Approvals", at: "approvals" }] }];
  const { pending_approvals = 0, alerts = 0, unknown = 0 } = overview.value ?? {};
  return [
    {
      title: "Now",
      links: [
        { name: "Decisions", at: "" },
        { name: "Approvals", at: "approvals", count: pending_approvals },
        { name: "Alerts", at: "alerts", count: alerts, bad: true },
      ],
    },
    {
      title: "Who",
      links: [
        { name: "Agents", at: "agents" },
        { name: "Clients", at: "clients" },
        { name: "Sellers", at: "sellers" },
      ],
    },
    {
      title: "Money",
      links: [
        { name: "Budgets", at: "budgets" },
        { name: "Holds", at: "holds", count: unknown },
        { name: "Breakers", at: "breakers" },
      ],
    },
    {
      title: "Rules and records",
      links: [
        { name: "Policy", at: "policy" },
        { name: "Audit log", at: "audit" },
        ...(may("admin") ? [{ name: "Keys", at: "keys" }] : []),
      ],
    },
  ];
}

const VIEWS: Readonly<Record<string, (rest: readonly string[]) => ComponentChildren>> = {
  "": () => <Live />,
  approvals: () => <Approvals />,
  alerts: () => <Alerts />,
  agents: ([name]) => (name === undefined ? <Agents /> : <AgentPage key={name} name={name} />),
  clients: ([name]) => (name === undefined ? <Clients /> : <ClientPage key={name} name={name} />),
  sellers: () => <Sellers />,
  budgets: () => <Budgets />,
  holds: () => <Holds />,
  breakers: () => <Breakers />,
  policy: () => <Policy />,
  audit: () => <Audit />,
  keys: () => <Keys />,
  payments: ([id]) => (id === undefined ? <Live /> : <PaymentPage key={id} id={id} />),
};

export function viewOf([first = "", ...rest]: readonly string[]): ComponentChildren {
  if (!may("read")) return <Approvals />;
  return Object.hasOwn(VIEWS, first) ? VIEWS[first]?.(rest) : <Missing />;
}
