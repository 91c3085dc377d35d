/** A word with a colour. The word says it all: nobody has to see the colour. */

import type { ApprovalView, State } from "../../../core/types.ts";
import { words } from "../lib/text.ts";

export type Tone = "good" | "bad" | "ask" | "odd" | "plain";

export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const ACTIONS: Readonly<Record<string, readonly [Tone, string]>> = {
  allow: ["good", "✓ allowed"],
  deny: ["bad", "✕ denied"],
  require_approval: ["ask", "? asks people"],
};

export function ActionBadge({ action }: { action: string }) {
  const [tone, text] = ACTIONS[action] ?? ["plain", words(action)];
  return <Badge tone={tone}>{text}</Badge>;
}

const STATES: Readonly<Record<State, Tone>> = {
  held: "plain",
  signing: "plain",
  signed: "plain",
  captured: "good",
  voided: "plain",
  unknown: "odd",
};

export function StateBadge({ state }: { state: State }) {
  return <Badge tone={STATES[state]}>{state}</Badge>;
}

const STANDINGS: Readonly<Record<ApprovalView["standing"], Tone>> = {
  pending: "ask",
  approved: "good",
  rejected: "bad",
  expired: "plain",
  used: "good",
};

export function StandingBadge({ standing }: { standing: ApprovalView["standing"] }) {
  return <Badge tone={STANDINGS[standing]}>{standing}</Badge>;
}

const STATUSES: Readonly<Record<string, readonly [Tone, string]>> = {
  active: ["good", "● active"],
  paused: ["ask", "❙❙ paused"],
  disabled: ["bad", "✕ disabled"],
  closed: ["good", "● closed"],
  half_open: ["ask", "◐ half open"],
  "half-open": ["ask", "◐ half open"],
  open: ["bad", "✕ open"],
};

/** Of an agent, or of a breaker. */
export function StatusBadge({ status }: { status: string }) {
  const [tone, text] = STATUSES[status] ?? ["plain", words(status)];
  return <Badge tone={tone}>{text}</Badge>;
}
