/** `tollwarden refunds`: what a seller owes its clients, and their disputes. */

import { existsSync } from "node:fs";
import { hasLog } from "../audit/required.ts";
import { openGateDesk } from "../gate/open-desk.ts";
import type { PaymentRecord } from "../gate/records.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import { count, type Paint, painter } from "./colour.ts";
import { readOptions } from "./options.ts";
import { printable } from "./printable.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden refunds [--all | --disputes] [--store FILE] [--json]
       tollwarden refunds show ID [--store FILE] [--json]
       tollwarden refunds paid ID --reference TEXT [--store FILE]
       tollwarden refunds dispute ID --by WHO --claim TEXT [--store FILE]
       tollwarden refunds resolve ID (--refund | --reject) --note TEXT [--store FILE]
       tollwarden refunds books [--store FILE] [--json]

Lists what is owed back: payments whose money moved and for which nothing was delivered. Each has an IOU that the client
has, too. \`show\` prints a payment's whole way: client, decision, upstream, settlement. \`paid\` takes down that it was paid
back; nothing here moves money.

  --store FILE       the gate's store, an SQLite file; default tollwarden.sqlite
  --all              those that were paid back, too
  --disputes         payments that are disputed
  --reference TEXT   how it was paid back, such as a transaction
  --by WHO           who disputes it
  --claim TEXT       what they say
  --refund           the dispute ends with a refund: it is owed from now on
  --reject           the dispute ends without one
  --note TEXT        why
  --json             JSON
  --help             this text

exit status: 0; 1 if the store can't be read, or there is no such payment
`;

export const refundsCommand: Command = {
  name: "refunds",
  summary: "what a seller owes back, and disputes",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        store: { type: "string", default: "tollwarden.sqlite" },
        all: { type: "boolean", default: false },
        disputes: { type: "boolean", default: false },
        reference: { type: "string" },
        by: { type: "string" },
        claim: { type: "string" },
        refund: { type: "boolean", default: false },
        reject: { type: "boolean", default: false },
        note: { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [verb, id] = positionals;
    const verbs = ["show", "paid", "dispute", "resolve", "books"];
    if (verb !== undefined && !verbs.includes(verb)) {
      throw new Error(`\`${verb}\` is none of ${verbs.join(", ")}; see tollwarden refunds --help`);
    }
    if (verb !== undefined && verb !== "books" && id === undefined) {
      throw new Error(`\`ID\` is missing: tollwarden refunds ${verb} ID`);
    }
    // A file that is not there would be made, and nothing shown as if nothing were owed.
    if (!existsSync(values.store)) throw new Error(`there is no store \`${values.store}\`; name it with --store`);
    const store = await sqliteStore(values.store);
    // What is changed here belongs into the gate's audit log, where it has one.
    const desk = openGateDesk({ store, ...((await hasLog(store)) && { audit: {} }) });
    const paint = painter(process.stdout);
    const needed = (name: "reference" | "by" | "claim" | "note"): string => {
      const value = values[name];
      if (value === undefined || value.trim() === "") throw new Error(`\`--${name} TEXT\` is missing`);
      return value;
    };
    try {
      if (verb === "books") {
        const books = await desk.books();
        if (values.json) out.print(JSON.stringify(books, undefined, 2));
        else for (const line of books) out.print(booksLine(line));
        return 0;
      }
      if (verb === undefined || id === undefined) {
        const filter = values.disputes ? { disputed: true } : values.all ? {} : { owed: true };
        const found: PaymentRecord[] = [];
        for await (const record of desk.payments(filter)) {
          if (values.disputes || record.refund !== undefined) found.push(record);
        }
        return list(found, values.json, out, paint);
      }
      if (verb === "paid") await desk.refunded(id, needed("reference"));
      if (verb === "dispute") await desk.dispute(id, needed("by"), needed("claim"));
      if (verb === "resolve") {
        if (values.refund === values.reject) throw new Error("say how it ends: `--refund` or `--reject`");
        await desk.resolveDispute(id, values.refund ? "refund" : "rejected", needed("note"));
      }
      const record = await desk.payment(id);
      if (record === undefined) throw new Error(`there is no payment \`${id}\` in \`${values.store}\``);
      if (values.json) out.print(JSON.stringify(record, undefined, 2));
      else for (const line of lines(record, paint)) out.print(line);
      return 0;
    } finally {
      await desk.close();
    }
  },
};

function list(records: readonly PaymentRecord[], json: boolean, out: Terminal, paint: Paint): number {
  if (json) {
    out.print(JSON.stringify(records, undefined, 2));
    return 0;
  }
  if (records.length === 0) {
    out.print("nothing is owed");
    return 0;
  }
  for (const { id, refund, client, route, reason, dispute } of records) {
    const standing = refund === undefined ? "disputed" : refund.paidAt === undefined ? "owed" : "paid back";
    const colour = standing === "paid back" ? "dim" : "yellow";
    const why = refund?.reason ?? reason ?? dispute?.claim ?? "";
    const amount = refund?.amount ?? "";
    out.print(
      `${paint(colour, standing.padEnd(9))}  ${id}  ${amount} atomic units  ${printable(client)}  ${printable(route)}  ${printable(why)}`,
    );
  }
  out.print(`\n${count(records.length, "payment")}`);
  return 0;
}

function lines(record: PaymentRecord, paint: Paint): string[] {
  const { upstream, refund, dispute } = record;
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["payment", record.id],
    ["client", record.client],
    ["payer", record.payer],
    ["tier", record.tier],
    ["asked", `${record.method} ${record.endpoint} (${record.route})`],
    ["at", time(record.at)],
    ["price", `${record.amount} atomic units of ${record.network}/${record.asset}`],
    ["decision", record.rules.length === 0 ? "allowed" : `allowed; ${record.rules.join(", ")}`],
    ["hold", record.hold],
    ["upstream", upstream === undefined ? undefined : `${upstream.status ?? upstream.error} in ${upstream.ms} ms`],
    ["settlement", record.state],
    ["transaction", record.transaction],
    ["delivered", record.delivered ? "yes" : "no"],
    ["reason", record.reason],
    ["owed", refund === undefined ? undefined : `${refund.amount} atomic units since ${time(refund.at)}`],
    ["paid back", refund?.paidAt === undefined ? undefined : `${time(refund.paidAt)}, ${refund.reference}`],
    ["disputed", dispute === undefined ? undefined : `${time(dispute.openedAt)} by ${dispute.by}: ${dispute.claim}`],
    ["resolved", dispute?.outcome === undefined ? undefined : `${dispute.outcome}: ${dispute.note}`],
  ];
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return known.map(([name, value]) => `${paint("dim", name.padEnd(11))} ${printable(value)}`);
}

function booksLine(line: {
  readonly asset: string;
  readonly paid: string;
  readonly delivered: string;
  readonly owed: string;
  readonly refunded: string;
  readonly unresolved: string;
}): string {
  const { asset, paid, delivered, owed, refunded, unresolved } = line;
  return `${asset}: paid ${paid} = delivered ${delivered} + owed ${owed} (${refunded} paid back) + unresolved ${unresolved}`;
}
