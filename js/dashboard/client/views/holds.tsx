/** Money that is held, and payments whose outcome nobody knows. */

import { useState } from "preact/hooks";
import type { HoldLine, Outcome } from "../../../core/types.ts";
import type { ResolveBody } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { sumOf } from "../../../service/usd.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { changes, useLoad } from "../lib/load.ts";
import { dollars, headline, tokens } from "../lib/money.ts";
import { hrefOf } from "../lib/route.ts";
import { may } from "../lib/session.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Figures } from "../parts/figures.tsx";
import { asked, Export, Filters, Search, Select } from "../parts/filters.tsx";
import { Foreign, Long } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { When } from "../parts/when.tsx";

export const holdFields: readonly Field<HoldLine>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "at", value: ({ at }) => at },
  { name: "state", value: ({ state }) => state },
  { name: "endpoint", value: ({ endpoint }) => endpoint },
  { name: "payee", value: ({ payee }) => payee },
  { name: "network", value: ({ network }) => network },
  { name: "asset", value: ({ asset }) => asset },
  { name: "amount", value: ({ amount }) => amount },
  { name: "usd", value: ({ usd }) => usd },
  { name: "captured", value: ({ captured }) => captured },
  { name: "until", value: ({ until }) => until },
  { name: "ground", value: ({ ground }) => ground },
  { name: "note", value: ({ note }) => note },
  { name: "transaction", value: ({ transaction }) => transaction },
];

const nameOf = ({ symbol, asset }: HoldLine): string => symbol ?? asset;

/** Which can be closed by a person's word: those that nobody knows about, and those that are signed. */
const isOpen = ({ state }: HoldLine): boolean => state === "unknown" || state === "signing" || state === "signed";

export function Holds() {
  const which = asked("which") === "all" ? "all" : asked("which") === "unresolved" ? "unresolved" : "open";
  const { data, failure } = useLoad(
    async (signal) => (await call("GET /v1/holds", { signal, query: { which } })).holds,
    `holds ${which}`,
  );
  const [dialog, setDialog] = useState<HoldLine>();
  const rows = (data ?? [])
    .filter(({ id, endpoint, payee, state, transaction, note }) => found(id, endpoint, payee, state, transaction, note))
    .toSorted((a, b) => b.at.localeCompare(a.at));
  const unknown = rows.filter(({ state }) => state === "unknown");
  const columns: readonly Column<HoldLine>[] = [
    ...COLUMNS,
    ...(may("admin")
      ? [
          {
            name: "Close",
            show: (hold: HoldLine) =>
              isOpen(hold) && (
                <button type="button" onClick={() => setDialog(hold)}>
                  Close …
                  <span class="unseen">
                    {" "}
                    the payment <Foreign text={hold.id} />
                  </span>
                </button>
              ),
          },
        ]
      : []),
  ];
  return (
    <Page
      title="Holds"
      about="From the moment something is signed, only proof frees the money: a seller's word that it failed is none."
    >
      {which !== "all" && (
        <Figures
          label="Sums"
          list={[
            { name: "open", value: String(rows.length) },
            { name: "in all of them", value: headline(sumOf(rows.map(({ usd }) => usd))) },
            { name: "unknown", value: String(unknown.length), tone: unknown.length > 0 ? "odd" : undefined },
            { name: "in unknown ones", value: headline(sumOf(unknown.map(({ usd }) => usd))) },
          ]}
        />
      )}
      <Card>
        <Filters>
          <Search label="Search" hint="payment, endpoint, payee …" />
          <Select
            label="Show"
            name="which"
            options={[
              ["", "open ones"],
              ["unresolved", "those that proof could change"],
              ["all", "all that are remembered"],
            ]}
          />
          <span class="grow" />
          <Export name="holds" rows={() => rows} fields={holdFields} />
        </Filters>
        <Failed failure={failure} what="No holds" />
        {data === undefined ? (
          failure === undefined && <Waiting />
        ) : (
          <Table
            caption="Holds, the newest first"
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            none="No money is held."
          />
        )}
      </Card>
      {dialog && <CloseDialog hold={dialog} close={() => setDialog(undefined)} />}
    </Page>
  );
}

const COLUMNS: readonly Column<HoldLine>[] = [
  {
    name: "Payment",
    heads: true,
    show: ({ id, at }) => (
      <>
        <a href={hrefOf(["payments", id])} class="mono">
          <Long text={id} head={16} tail={6} />
        </a>
        <span class="sub">
          <When at={at} />
        </span>
      </>
    ),
  },
  {
    name: "State",
    show: ({ state, ground, breach, unbound }) => (
      <>
        <StateBadge state={state} />
        {ground != null && <span class="sub">by {ground}</span>}
        {breach === true && <strong class="sub">more was taken than was held</strong>}
        {unbound === true && <strong class="sub">signed other than held</strong>}
      </>
    ),
  },
  { name: "Endpoint", kind: "wide", show: ({ endpoint }) => <Foreign text={endpoint} most={120} /> },
  {
    name: "Payee",
    show: ({ payee, network }) => (
      <>
        <Long text={payee} />
        <span class="sub">{network}</span>
      </>
    ),
  },
  {
    name: "Amount",
    kind: "number",
    show: (hold) => (
      <>
        {hold.usd == null ? <span class="dim">no price</span> : dollars(hold.usd)}
        <span class="sub">
          <Foreign text={`${tokens(hold.amount, hold.decimals)} ${nameOf(hold)}`} most={60} />
        </span>
        {hold.captured != null && hold.captured !== hold.amount && (
          <span class="sub">taken: {tokens(hold.captured, hold.decimals)}</span>
        )}
        {hold.refunded != null && <span class="sub">given back: {tokens(hold.refunded, hold.decimals)}</span>}
      </>
    ),
  },
  { name: "Can be used until", kind: "when", show: ({ until }) => <When at={until} /> },
];

/** A decimal amount of whole tokens as atomic units, or undefined. */
export function atomic(text: string, decimals: number | null | undefined): string | undefined {
  const [, whole = "", fraction = ""] = text.trim().match(/^(\d+)(?:\.(\d+))?$/) ?? [];
  const places = decimals ?? 0;
  if (whole === "" || fraction.length > places) return undefined;
  return BigInt(whole + fraction.padEnd(places, "0")).toString();
}

/** A person's word about a payment: it is kept on the hold, and in the audit log. */
export function CloseDialog({ hold, close }: { hold: HoldLine; close: () => void }) {
  const [free, setFree] = useState(false);
  const [spent, setSpent] = useState(tokens(hold.amount, hold.decimals));
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<Failure>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const amount = atomic(spent, hold.decimals);
    if (!free && amount === undefined) {
      setFailure({ status: 0, code: "amount", message: `\`${spent}\` is not an amount of ${nameOf(hold)}` });
      return;
    }
    const body: ResolveBody = free ? { free: true, reason } : { spent: amount ?? "0", reason };
    try {
      const outcome: Outcome = await call("POST /v1/holds/{id}/resolve", { name: hold.id, body });
      if (!outcome.ok) {
        const message = outcome.message ?? outcome.reason ?? "refused";
        setFailure({ status: 200, code: outcome.reason ?? "", message });
        return;
      }
      changes.value += 1;
      close();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title="What became of it?" close={close}>
      <form onSubmit={(event) => void submit(event)}>
        <p>
          <Foreign text={`${tokens(hold.amount, hold.decimals)} ${nameOf(hold)}`} /> to <Long text={hold.payee} /> for{" "}
          <Foreign text={hold.endpoint} most={200} />
        </p>
        <fieldset>
          <legend>By your word</legend>
          <label class="choice">
            <input type="radio" name="outcome" checked={!free} onChange={() => setFree(false)} />
            It was spent
          </label>
          <label class="choice">
            <input type="radio" name="outcome" checked={free} onChange={() => setFree(true)} />
            It was not, and can't be any more (refused before <When at={hold.until} />)
          </label>
        </fieldset>
        {!free && (
          <label class="field">
            <span>Spent, in {nameOf(hold)}</span>
            <input
              inputMode="decimal"
              required
              value={spent}
              onInput={(event) => setSpent(event.currentTarget.value)}
            />
          </label>
        )}
        <label class="field">
          <span>How you know (it is kept)</span>
          <input required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <Failed failure={failure} what="Not closed" />
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="main-action">
            Close it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
