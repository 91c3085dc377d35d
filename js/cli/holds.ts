/** `tollwarden holds`: what is open in a ledger, and closing by hand what nobody else can. */

import { existsSync } from "node:fs";
import { recording } from "../audit/required.ts";
import { NOTHING_IS_DECIDED, openLedger } from "../core/ledger.ts";
import type { HoldLine, Outcome } from "../core/types.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import { logOf } from "./audited.ts";
import { count, type Paint, painter } from "./colour.ts";
import { readOptions } from "./options.ts";
import { printable } from "./printable.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden holds [--unresolved | --all] [--store FILE] [--json]
       tollwarden holds show ID [--store FILE] [--json]
       tollwarden holds resolve ID (--spent AMOUNT | --free) --reason TEXT [--store FILE] [--audit-key FILE] [--json]

Lists the holds of a ledger that are open: money that is set aside, and payments of which nobody knows the end. \`resolve\`
closes one by hand, when you have found out what became of it: its reason is kept on the hold. A signature that can still
be used frees nothing: \`--free\` is taken once it has run out. Whoever can write the file can do this; there is no agent's
way to it.

  --store FILE     the ledger, an SQLite file; default tollwarden.sqlite
  --unresolved     those that proof could change: signed and open, or booked on an assumption or a seller's word
  --all            closed ones too, as far as they are remembered
  --spent AMOUNT   it was paid: this much, in atomic units
  --free           it was not paid, and can't be any more
  --reason TEXT    how you know
  --audit-key FILE the key of the HMACs of the ledger's audit log, where its records have them
  --json           JSON: a list of holds, one hold, or {"outcome","hold"}
  --help           this text

exit status: 0; 1 if the ledger can't be read, or there is no such hold; 2 if the ledger refused the resolution
`;

export const holdsCommand: Command = {
  name: "holds",
  summary: "the open holds of a ledger, and closing one by hand",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        store: { type: "string", default: "tollwarden.sqlite" },
        unresolved: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        spent: { type: "string" },
        free: { type: "boolean", default: false },
        reason: { type: "string" },
        "audit-key": { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [verb, id, another] = positionals;
    if (verb !== undefined && verb !== "show" && verb !== "resolve") {
      throw new Error(`\`${verb}\` is neither \`show\` nor \`resolve\`; see tollwarden holds --help`);
    }
    if (verb !== undefined && id === undefined) throw new Error(`\`ID\` is missing: tollwarden holds ${verb} ID`);
    if (another !== undefined) throw new Error(`one hold at a time: \`${id}\` or \`${another}\``);
    const told = resolutionOf(verb, values);
    // A file that is not there would be made, and an empty ledger shown as if it were one.
    if (!existsSync(values.store)) throw new Error(`there is no ledger \`${values.store}\`; name it with --store`);

    const store = await sqliteStore(values.store);
    try {
      const log = told === undefined ? undefined : await logOf(store, values["audit-key"]);
      const ledger = openLedger({ policy: NOTHING_IS_DECIDED, store, ...(log && { audit: recording(log) }) });
      const paint = painter(process.stdout);
      if (id === undefined) {
        const which = values.all ? "all" : values.unresolved ? "unresolved" : "open";
        return list(await ledger.holds({ which }), which, values.json, out, paint);
      }
      if (told !== undefined) {
        const outcome = await ledger.move({ type: "resolve", id, ...told });
        return resolved(outcome, (await ledger.holds({ id }))[0], values.json, out, paint);
      }
      const [hold] = await ledger.holds({ id });
      if (hold === undefined) throw new Error(`no hold \`${id}\` in \`${values.store}\``);
      if (values.json) out.print(JSON.stringify(hold, undefined, 2));
      else for (const line of lines(hold, paint)) out.print(line);
      return 0;
    } finally {
      await store.close();
    }
  },
};

interface Values {
  readonly spent?: string | undefined;
  readonly free: boolean;
  readonly reason?: string | undefined;
}

function resolutionOf(verb: string | undefined, { spent, free, reason }: Values): Record<string, string> | undefined {
  if (verb !== "resolve") {
    if (spent !== undefined || free || reason !== undefined) {
      throw new Error("`--spent`, `--free` and `--reason` are for `resolve`");
    }
    return undefined;
  }
  if ((spent !== undefined) === free) throw new Error("say what became of it: `--spent AMOUNT` or `--free`");
  if (spent !== undefined && !/^(0|[1-9][0-9]{0,38})$/.test(spent)) {
    throw new Error(`\`${spent}\` is not an amount in atomic units, such as \`10000\``);
  }
  if (reason === undefined || reason.trim() === "") throw new Error("say how you know: `--reason TEXT`");
  return spent === undefined ? { outcome: "free", reason } : { outcome: "spent", amount: spent, reason };
}

function list(holds: readonly HoldLine[], which: string, json: boolean, out: Terminal, paint: Paint): number {
  if (json) {
    out.print(JSON.stringify(holds, undefined, 2));
    return 0;
  }
  if (holds.length === 0) {
    out.print({ open: "no hold is open", unresolved: "nothing is unresolved", all: "there are no holds" }[which] ?? "");
    return 0;
  }
  for (const hold of holds) {
    const state = paint(hold.state === "unknown" ? "yellow" : "cyan", hold.state.padEnd(8));
    out.print(`${state}  ${printable(hold.id)}  ${money(hold)}  ${printable(hold.endpoint)}  ${since(hold)}`);
  }
  out.print(`\n${count(holds.length, "hold")}`);
  return 0;
}

function resolved(outcome: Outcome, hold: HoldLine | undefined, json: boolean, out: Terminal, paint: Paint): number {
  const status = outcome.ok ? 0 : outcome.reason === "unknown_id" ? 1 : 2;
  if (json) {
    out.print(JSON.stringify({ outcome, hold }, undefined, 2));
  } else if (hold === undefined || !outcome.ok) {
    out.error(
      `tollwarden holds: not resolved: ${outcome.reason}${outcome.message == null ? "" : `, ${outcome.message}`}`,
    );
  } else {
    for (const line of lines(hold, paint)) out.print(line);
  }
  return status;
}

/** One hold, a line for each thing that is known. */
function lines(hold: HoldLine, paint: Paint): string[] {
  const rows: readonly (readonly [string, string | undefined | null])[] = [
    ["id", printable(hold.id)],
    ["state", hold.ground == null ? hold.state : `${hold.state} (${hold.ground})`],
    ["amount", money(hold)],
    ["signed for", hold.signed == null ? undefined : `${hold.signed} atomic units`],
    ["captured", hold.captured == null ? undefined : `${hold.captured} atomic units at ${hold.captured_at}`],
    ["refunded", hold.refunded == null ? undefined : `${hold.refunded} atomic units`],
    ["endpoint", printable(hold.endpoint)],
    ["payee", hold.payee],
    ["asset", `${hold.network}/${hold.asset}`],
    ["by", hold.transfer],
    ["payer", hold.payer],
    ["nonce", hold.nonce],
    ["transaction", hold.transaction == null ? undefined : printable(hold.transaction)],
    ["taken", hold.at],
    [hold.state === "held" ? "lapses" : "usable until", hold.until],
    ["reason", hold.note == null ? undefined : printable(hold.note)],
    ["breach", hold.breach ? "more was captured than was held, or after it was let go" : undefined],
    ["not bound", hold.unbound ? "what was signed is not what is held" : undefined],
  ];
  const known = rows.filter((row): row is readonly [string, string] => row[1] != null);
  return known.map(([name, value]) => `${paint("dim", name.padEnd(13))} ${value}`);
}

function money({ amount, usd, symbol, decimals }: HoldLine): string {
  if (usd != null && decimals != null)
    return `${amount} (${usd} USD${symbol == null ? "" : ` in ${printable(symbol)}`})`;
  return `${amount} atomic units`;
}

function since({ state, at, until, captured_at }: HoldLine): string {
  if (state === "captured") return `captured ${captured_at ?? at}`;
  if (state === "voided") return `since ${at}`;
  return state === "held" ? `lapses ${until}` : `usable until ${until}`;
}
