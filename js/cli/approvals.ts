/** `tollwarden approvals`: the questions that wait for people, and the answers to them. */

import { amountOf } from "../approvals/message.ts";
import type { OpenDesk } from "../approvals/open.ts";
import type { ApprovalView } from "../core/types.ts";
import { visible } from "../service/visible.ts";
import { answer, shown, type Voice } from "./approvals/answer.ts";
import { createKey } from "./approvals/key.ts";
import { DEFAULT_STORE, openDesk, readKeyFile } from "./approvals/store.ts";
import { watch } from "./approvals/watch.ts";
import { readOptions } from "./options.ts";
import type { Command, Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden approvals [list] [--all] [--json]
       tollwarden approvals show ID [--json]
       tollwarden approvals approve ID --as NAME --key FILE [--note TEXT] [--json]
       tollwarden approvals reject ID --as NAME [--key FILE] [--note TEXT] [--json]
       tollwarden approvals watch [--as NAME --key FILE] [--json]
       tollwarden approvals key FILE --as NAME

Payments that wait for people: list them, show one, approve or refuse it, or watch them come; at a terminal, watch asks
for each answer. \`key\` makes a key for an approver, and prints the lines that make it known to the policy.

  --store PATH   the ledger (default ${DEFAULT_STORE})
  --all          those that are decided or expired as well
  --as NAME      who answers
  --key FILE     the approver's own key: an Ed25519 private key in PEM, or the secret of an HMAC. Keep it where the agent
                 can't read it, best under another user or on another machine
  --audit-key FILE
                 the key of the HMACs of the ledger's audit log, where its records have them
  --note TEXT    words that stay with the answer
  --json         JSON, one line for each question
  --help         this text

exit status: 0, or 2 if the answer does not count or there is no such question, or 1 if nothing could be done
`;

const OPTIONS = {
  store: { type: "string", default: DEFAULT_STORE },
  all: { type: "boolean", default: false },
  as: { type: "string" },
  key: { type: "string" },
  "audit-key": { type: "string" },
  note: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const VERBS = ["list", "show", "approve", "reject", "watch", "key"] as const;

export const approvalsCommand: Command = {
  name: "approvals",
  summary: "payments that wait for people: list, show, approve, refuse, watch",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [named = "list", subject, another] = positionals;
    const verb = VERBS.find((one) => one === named);
    if (verb === undefined) throw new Error(`\`${named}\` is none of ${VERBS.join(", ")}`);
    if (another !== undefined) throw new Error(`one at a time: \`${subject}\` or \`${another}\``);
    if (verb === "key") {
      if (subject === undefined || values.as === undefined) throw new Error("expected `approvals key FILE --as NAME`");
      out.print(createKey(subject, values.as));
      return 0;
    }
    const voice = await voiceOf(values);
    const readOnly = verb === "list" || verb === "show" || (verb === "watch" && voice === undefined);
    const place = { store: values.store, auditKey: values["audit-key"], readOnly };
    const desk = await openDesk(place);
    try {
      if (verb === "list") return await list(desk, values.all, values.json, out);
      if (verb === "watch") {
        const stop = new AbortController();
        for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
        await watch(desk, place, voice, values.json, out, stop.signal);
        return 0;
      }
      if (subject === undefined) throw new Error(`\`approvals ${verb}\` needs the id of a payment`);
      const view = await desk.approvals.get(subject);
      if (view === undefined) {
        out.error(`tollwarden approvals: nobody is asked about \`${subject}\``);
        return 2;
      }
      if (verb === "show") {
        out.print(values.json ? JSON.stringify(view) : shown(view));
        return 0;
      }
      if (voice === undefined) throw new Error(`\`approvals ${verb}\` needs \`--as NAME\``);
      const outcome = await answer(desk, place, view, verb, voice);
      if (values.json) out.print(JSON.stringify(outcome));
      else if (outcome.ok) out.print(`${verb === "approve" ? "approved" : "refused"} ${subject} as ${voice.name}`);
      else out.error(`tollwarden approvals: it does not count: ${outcome.message ?? outcome.reason}`);
      return outcome.ok ? 0 : 2;
    } finally {
      await desk.close();
    }
  },
};

async function voiceOf(values: {
  readonly as?: string | undefined;
  readonly key?: string | undefined;
  readonly note?: string | undefined;
}): Promise<Voice | undefined> {
  if (values.as === undefined) {
    if (values.key !== undefined) throw new Error("`--key` needs `--as NAME`: whose key is it?");
    return undefined;
  }
  return {
    name: values.as,
    held: values.key === undefined ? undefined : await readKeyFile(values.key),
    note: values.note,
  };
}

async function list(desk: OpenDesk, all: boolean, json: boolean, out: Terminal): Promise<number> {
  const views = all ? await desk.approvals.list() : await desk.approvals.pending();
  for (const view of views) out.print(json ? JSON.stringify(view) : row(view));
  if (views.length === 0 && !json) out.print(all ? "no questions" : "nothing waits for people");
  return 0;
}

function row({ id, standing, payment, threshold, answers, expires_at }: ApprovalView): string {
  const approved = answers.filter((one) => one.approved).length;
  const who = payment.agent === "" ? "(no name)" : payment.agent;
  const voices = `${approved}/${threshold}`;
  return [visible(id), standing, voices, amountOf(payment), payment.origin, who, `until ${expires_at}`].join("  ");
}
