/** Keys: who may speak to the service, and as whom. A key itself is told once, when it is made. */

import { useState } from "preact/hooks";
import type { KeyMade, KeyRow, KeyScope, NewKey } from "../../../service/api.ts";
import type { Field } from "../../../service/csv.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { useLoad } from "../lib/load.ts";
import { dollars } from "../lib/money.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Export, Filters, Search } from "../parts/filters.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { found } from "../parts/period.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { now, When } from "../parts/when.tsx";

const FIELDS: readonly Field<KeyRow>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "name", value: ({ name }) => name },
  { name: "scopes", value: ({ scopes }) => scopes.join(" ") },
  { name: "agent", value: ({ agent }) => agent },
  { name: "session", value: ({ session }) => session },
  { name: "client", value: ({ client }) => client },
  { name: "approver", value: ({ approver }) => approver },
  { name: "max_usd", value: ({ max_usd }) => max_usd },
  { name: "created_at", value: ({ created_at }) => created_at },
  { name: "expires_at", value: ({ expires_at }) => expires_at },
  { name: "last_used_at", value: ({ last_used_at }) => last_used_at },
];

const COLUMNS: readonly Column<KeyRow>[] = [
  {
    name: "Name",
    heads: true,
    show: ({ name, id }) => (
      <>
        <Foreign text={name} most={80} />
        <span class="sub mono">{id}</span>
      </>
    ),
  },
  { name: "May", show: ({ scopes }) => scopes.join(", ") },
  {
    name: "Speaks for",
    show: ({ agent, session, client, approver, max_usd }) => (
      <>
        {agent !== undefined && (
          <>
            agent <Foreign text={agent} />
          </>
        )}
        {client !== undefined && (
          <span class="sub">
            for <Foreign text={client} />
          </span>
        )}
        {session !== undefined && (
          <span class="sub">
            session <Foreign text={session} />
          </span>
        )}
        {approver !== undefined && (
          <>
            approver <Foreign text={approver} />
          </>
        )}
        {max_usd !== undefined && <span class="sub">at most {dollars(max_usd)} a payment</span>}
        {agent === undefined && approver === undefined && <span class="dim">–</span>}
      </>
    ),
  },
  { name: "Last used", kind: "when", show: ({ last_used_at }) => <When at={last_used_at} as="around" /> },
  {
    name: "Made",
    kind: "when",
    show: ({ created_at, rotated_at, old_until }) => (
      <>
        <When at={created_at} />
        {rotated_at !== undefined && (
          <span class="sub">
            rotated <When at={rotated_at} as="around" />
          </span>
        )}
        {old_until !== undefined && Date.parse(old_until) > now.value && (
          <span class="sub">
            the old one works until <When at={old_until} />
          </span>
        )}
      </>
    ),
  },
  {
    name: "Ends",
    kind: "when",
    show: ({ expires_at }) => (expires_at === undefined ? <span class="dim">never</span> : <When at={expires_at} />),
  },
];

export function KeyTable({ rows, caption, none }: { rows: readonly KeyRow[]; caption: string; none: string }) {
  return <Table caption={caption} columns={COLUMNS} rows={rows} keyOf={({ id }) => id} none={none} />;
}

type Open =
  | { readonly what: "new" }
  | { readonly what: "rotate" | "revoke"; readonly row: KeyRow }
  | { readonly what: "made"; readonly made: KeyMade };

export function Keys() {
  const { data, failure, reload } = useLoad(async (signal) => (await call("GET /v1/keys", { signal })).keys, "keys");
  const [open, setOpen] = useState<Open>();
  const rows = (data ?? []).filter(({ id, name, agent, client, approver, scopes }) =>
    found(id, name, agent, client, approver, scopes.join(" ")),
  );
  const done = (made?: KeyMade): void => {
    setOpen(made === undefined ? undefined : { what: "made", made });
    reload();
  };
  const columns: readonly Column<KeyRow>[] = [
    ...COLUMNS,
    {
      name: "Change",
      show: (row) => (
        <span class="actions">
          <button type="button" onClick={() => setOpen({ what: "rotate", row })}>
            Rotate …
            <span class="unseen">
              {" "}
              <Foreign text={row.name} />
            </span>
          </button>
          <button type="button" class="danger" onClick={() => setOpen({ what: "revoke", row })}>
            Revoke …
            <span class="unseen">
              {" "}
              <Foreign text={row.name} />
            </span>
          </button>
        </span>
      ),
    },
  ];
  const add = (
    <button type="button" class="main-action" onClick={() => setOpen({ what: "new" })}>
      New key …
    </button>
  );
  return (
    <Page
      title="Keys"
      about="The service keeps a hash of each. Who pays is what stands here, and not what a request says."
      actions={add}
    >
      <Card>
        <Filters>
          <Search label="Search" hint="name, agent, scope …" />
          <span class="grow" />
          <Export name="keys" rows={() => rows} fields={FIELDS} />
        </Filters>
        <Failed failure={failure} what="No keys" />
        {data === undefined ? (
          failure === undefined && <Waiting />
        ) : (
          <Table caption="Keys" columns={columns} rows={rows} keyOf={({ id }) => id} none="None matches." />
        )}
      </Card>
      {open?.what === "new" && <NewDialog done={done} />}
      {open?.what === "rotate" && <RotateDialog row={open.row} done={done} />}
      {open?.what === "revoke" && <RevokeDialog row={open.row} done={done} />}
      {open?.what === "made" && <MadeDialog made={open.made} done={done} />}
    </Page>
  );
}

const SCOPES: readonly (readonly [KeyScope, string])[] = [
  ["evaluate", "ask for payments, and freeze itself"],
  ["settle", "say what became of its payments"],
  ["approve", "answer questions to people"],
  ["read", "see everything, change nothing"],
  ["admin", "keys, freezing, closing holds by hand"],
];

function NewDialog({ done }: { done: (made?: KeyMade) => void }) {
  const [kind, setKind] = useState<"agent" | "person">("agent");
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly KeyScope[]>(["evaluate", "settle"]);
  const [as, setAs] = useState("");
  const [client, setClient] = useState("");
  const [most, setMost] = useState("");
  const [days, setDays] = useState("");
  const [failure, setFailure] = useState<Failure>();
  const forAgent = kind === "agent";

  const choose = (next: "agent" | "person"): void => {
    setKind(next);
    setScopes(next === "agent" ? ["evaluate", "settle"] : ["read"]);
    setAs("");
  };
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body: NewKey = {
      name,
      scopes,
      ...(forAgent ? { agent: as } : as !== "" && { approver: as }),
      ...(forAgent && client !== "" && { client }),
      ...(forAgent && most !== "" && { max_usd: most }),
      ...(days !== "" && { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString() }),
    };
    try {
      done(await call("POST /v1/keys", { body }));
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title="A new key" close={() => done()}>
      <form onSubmit={(event) => void create(event)}>
        <fieldset>
          <legend>For</legend>
          <label class="choice">
            <input type="radio" name="kind" checked={forAgent} onChange={() => choose("agent")} />
            An agent
          </label>
          <label class="choice">
            <input type="radio" name="kind" checked={!forAgent} onChange={() => choose("person")} />A person, or a
            machine that watches
          </label>
        </fieldset>
        <label class="field">
          <span>Name of the key, for people</span>
          <input required maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <fieldset>
          <legend>It may</legend>
          {SCOPES.filter(([scope]) => (scope === "evaluate" || scope === "settle") === forAgent).map(
            ([scope, text]) => (
              <label key={scope} class="choice">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={() =>
                    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope])
                  }
                />
                <span>
                  <strong>{scope}</strong> <span class="dim">{text}</span>
                </span>
              </label>
            ),
          )}
        </fieldset>
        {forAgent ? (
          <>
            <label class="field">
              <span>
                Agent<span class="hint">letters, digits and _ . -</span>
              </span>
              <input
                required
                maxLength={64}
                pattern="[A-Za-z0-9_.\-]+"
                value={as}
                onInput={(event) => setAs(event.currentTarget.value)}
              />
            </label>
            <label class="field">
              <span>On whose behalf (or nothing)</span>
              <input maxLength={128} value={client} onInput={(event) => setClient(event.currentTarget.value)} />
            </label>
            <label class="field">
              <span>At most so many dollars a payment (or nothing)</span>
              <input
                inputMode="decimal"
                pattern="\d+(\.\d+)?"
                value={most}
                onInput={(event) => setMost(event.currentTarget.value)}
              />
            </label>
          </>
        ) : (
          scopes.includes("approve") && (
            <label class="field">
              <span>Approves as</span>
              <input required maxLength={64} value={as} onInput={(event) => setAs(event.currentTarget.value)} />
            </label>
          )
        )}
        <label class="field">
          <span>Ends after so many days (or never)</span>
          <input
            inputMode="numeric"
            pattern="[1-9]\d{0,4}"
            value={days}
            onInput={(event) => setDays(event.currentTarget.value)}
          />
        </label>
        <Failed failure={failure} what="Not made" />
        <div class="actions">
          <button type="button" onClick={() => done()}>
            Cancel
          </button>
          <button type="submit" class="main-action" disabled={scopes.length === 0}>
            Make it
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function RotateDialog({ row, done }: { row: KeyRow; done: (made?: KeyMade) => void }) {
  const [hours, setHours] = useState("24");
  const [failure, setFailure] = useState<Failure>();
  const rotate = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const body = { overlap_seconds: Math.round(Number(hours) * 3_600) };
      done(await call("POST /v1/keys/{id}/rotate", { name: row.id, body }));
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title="Rotate the key?" close={() => done()}>
      <form onSubmit={(event) => void rotate(event)}>
        <p>
          <Foreign text={row.name} /> gets a new secret. The old one works on for a while, so that nothing stands still.
        </p>
        <label class="field">
          <span>Hours that the old one works (0: ends now)</span>
          <input
            inputMode="decimal"
            required
            pattern="\d+(\.\d+)?"
            value={hours}
            onInput={(event) => setHours(event.currentTarget.value)}
          />
        </label>
        <Failed failure={failure} what="Not rotated" />
        <div class="actions">
          <button type="button" onClick={() => done()}>
            Cancel
          </button>
          <button type="submit" class="main-action">
            Rotate
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function RevokeDialog({ row, done }: { row: KeyRow; done: () => void }) {
  const [failure, setFailure] = useState<Failure>();
  const revoke = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await call("DELETE /v1/keys/{id}", { name: row.id });
      done();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title="Revoke the key?" close={() => done()}>
      <form onSubmit={(event) => void revoke(event)}>
        <p>
          <Foreign text={row.name} /> (<span class="mono">{row.id}</span>) is worth nothing from now on. Whoever uses it
          is refused. There is no way back.
        </p>
        <Failed failure={failure} what="Not revoked" />
        <div class="actions">
          <button type="button" onClick={() => done()}>
            Cancel
          </button>
          <button type="submit" class="danger sure">
            Revoke
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function MadeDialog({ made: { key, row }, done }: { made: KeyMade; done: () => void }) {
  const [copied, setCopied] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(key);
      setCopied("Copied.");
    } catch {
      setCopied("The browser does not let it be copied: select it.");
    }
  };
  return (
    <Dialog title="This is the only time that it is shown" close={() => done()}>
      <p>
        The key of <Foreign text={row.name} />. The service keeps a hash of it alone.
      </p>
      <code class="secret">{key}</code>
      <p role="status">{copied}</p>
      <div class="actions">
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" class="main-action" onClick={() => done()}>
          I have it
        </button>
      </div>
    </Dialog>
  );
}
