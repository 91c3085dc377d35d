/** `tollwarden keys`: the keys of a decision service, on its ledger. */

import { existsSync } from "node:fs";
import type { KeyMade, KeyRow, KeyScope, NewKey } from "../service/api.ts";
import { Refused } from "../service/exchange.ts";
import { type Keys, openKeys } from "../service/keys.ts";
import { painter } from "./colour.ts";
import { readOptions } from "./options.ts";
import { printable } from "./printable.ts";
import { openLedgerStore } from "./service-store.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden keys add (--agent NAME | --approver NAME | --scopes LIST) [options]
       tollwarden keys list [--json]
       tollwarden keys rotate ID [--overlap SECONDS] [--json]
       tollwarden keys revoke ID

The keys of the decision service on this ledger; it may run meanwhile. A key is shown once, when it is made. Whoever can
write the ledger can do this.

  --agent NAME        the agent that pays with it: scopes evaluate and settle
  --approver NAME     who answers with it: scopes approve and read
  --scopes LIST       others: of evaluate, settle, approve, read, admin, with commas between
  --name TEXT         for people; default the agent's or the approver's
  --session NAME      its payments are of this session
  --client NAME       its payments are on behalf of this client
  --max-usd AMOUNT    the most that one payment with it may cost
  --expires TIME      from then on it is worth nothing (ISO 8601)
  --overlap SECONDS   how long the secret before still works; default 86400
  --store PLACE       the ledger: an SQLite file, or redis://HOST:PORT; default tollwarden.sqlite
  --scope NAME        the ledger's name within that Redis
  --json              JSON: {"key","row"}, or a list of rows
  --help              this text

exit status: 0; 1 if the ledger can't be read, or the key would be no good; 2 if there is no such key
`;

export const keysCommand: Command = {
  name: "keys",
  summary: "the decision service's keys: add, list, rotate, revoke",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        agent: { type: "string" },
        approver: { type: "string" },
        scopes: { type: "string" },
        name: { type: "string" },
        session: { type: "string" },
        client: { type: "string" },
        "max-usd": { type: "string" },
        expires: { type: "string" },
        overlap: { type: "string" },
        store: { type: "string", default: "tollwarden.sqlite" },
        scope: { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [verb = "list", id, another] = positionals;
    if (!["add", "list", "rotate", "revoke"].includes(verb))
      throw new Error(`\`${verb}\` is not known; see tollwarden keys --help`);
    if ((verb === "rotate" || verb === "revoke") !== (id !== undefined))
      throw new Error(
        verb === "rotate" || verb === "revoke"
          ? `\`ID\` is missing: tollwarden keys ${verb} ID`
          : `\`${id}\` is not known; see tollwarden keys --help`,
      );
    if (another !== undefined) throw new Error(`one key at a time: \`${id}\` or \`${another}\``);
    const local = !/^rediss?:/.test(values.store);
    if (local && !existsSync(values.store))
      throw new Error(`there is no ledger \`${values.store}\`; start tollwarden serve first, or name it with --store`);
    const opened = await openLedgerStore(values.store, values.scope);
    try {
      const keys = openKeys(opened.store, Date.now);
      return await done(verb, id ?? "", keys, values, out);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      out.error(
        `tollwarden keys: ${error.where === undefined ? "" : `${error.where.replace(/^(body|path)\./, "")}: `}${error.message}`,
      );
      return error.status === 404 ? 2 : 1;
    } finally {
      await opened.close();
    }
  },
};

interface Values {
  readonly agent?: string | undefined;
  readonly approver?: string | undefined;
  readonly scopes?: string | undefined;
  readonly name?: string | undefined;
  readonly session?: string | undefined;
  readonly client?: string | undefined;
  readonly "max-usd"?: string | undefined;
  readonly expires?: string | undefined;
  readonly overlap?: string | undefined;
  readonly json: boolean;
}

async function done(verb: string, id: string, keys: Keys, values: Values, out: Terminal): Promise<number> {
  if (verb === "list") {
    list(await keys.list(), values.json, out);
    return 0;
  }
  if (verb === "revoke") {
    await keys.revoke(id);
    out.print(values.json ? JSON.stringify({ revoked: id }) : `revoked ${id}`);
    return 0;
  }
  const overlap = Number(values.overlap ?? 86_400);
  if (!Number.isSafeInteger(overlap) || overlap < 0)
    throw new Error(`\`--overlap\` is \`${values.overlap}\`, not seconds`);
  const made = verb === "add" ? await keys.add(asked(values)) : await keys.rotate(id, overlap);
  show(made, values.json, out);
  return 0;
}

function asked(values: Values): NewKey {
  const { agent, approver, session, client } = values;
  const usual: KeyScope[] = [
    ...(agent === undefined ? [] : (["evaluate", "settle"] as const)),
    ...(approver === undefined ? [] : (["approve", "read"] as const)),
  ];
  const scopes =
    values.scopes === undefined ? usual : (values.scopes.split(",").map((scope) => scope.trim()) as KeyScope[]);
  const known = { agent, approver, session, client, max_usd: values["max-usd"], expires_at: values.expires };
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return { name: values.name ?? agent ?? approver ?? scopes.join(" "), scopes, ...given };
}

function show({ key, row }: KeyMade, json: boolean, out: Terminal): void {
  if (json) out.print(JSON.stringify({ key, row }));
  else out.print(`id    ${row.id}\nmay   ${row.scopes.join(", ")}\nkey   ${key}\n\nIt is not shown again.`);
}

function list(rows: readonly KeyRow[], json: boolean, out: Terminal): void {
  if (json) {
    out.print(JSON.stringify(rows, undefined, 2));
    return;
  }
  if (rows.length === 0) out.print("there are no keys: tollwarden serve makes the first");
  const paint = painter(process.stdout);
  for (const { id, name, scopes, agent, approver, expires_at, last_used_at } of rows) {
    const who = agent === undefined ? (approver === undefined ? "" : ` as ${printable(approver)}`) : ` for ${agent}`;
    const ends = expires_at === undefined ? "" : `, until ${expires_at}`;
    out.print(
      `${paint("cyan", id)}  ${printable(name)}: ${scopes.join(", ")}${who}${ends}; ${last_used_at === undefined ? "never used" : `used ${last_used_at}`}`,
    );
  }
}
