/** `tollwarden freeze` and `tollwarden unfreeze`: the kill switch, for all or for one agent. */

import type { FreezeLine } from "../core/types.ts";
import { DEFAULT_STORE, openDesk, readKeyFile, signed } from "./approvals/store.ts";
import { readOptions } from "./options.ts";
import type { Command, Terminal } from "./terminal.ts";

const FREEZE = `usage: tollwarden freeze [REASON] [--agent NAME [--disable]] [--list] [--json]

Denies everything from now on, in every process on the ledger, until it is unfrozen; or everything of one agent. What was
signed before is not unsigned.

  --store PATH   the ledger (default ${DEFAULT_STORE})
  --agent NAME   only this agent
  --disable      says that the agent is out of service, rather than paused
  --list         what is frozen now, and nothing else
  --audit-key FILE
                 the key of the HMACs of the ledger's audit log, where its records have them
  --json         JSON
  --help         this text

exit status: 0, or 1 if it could not be done: then nothing was frozen
`;

const UNFREEZE = `usage: tollwarden unfreeze --as NAME --key FILE [--agent NAME] [--json]

Lifts the freeze of everything, or of one agent. It is signed, and each process on the ledger checks the signature by the
keys of its own policy: where that has none, the freeze is lifted in the program itself (\`control.unfreeze()\`).

  --store PATH   the ledger (default ${DEFAULT_STORE})
  --agent NAME   only this agent's own freeze
  --as NAME      who lifts it: an approver with a key in the policy
  --key FILE     the approver's own key
  --audit-key FILE
                 the key of the HMACs of the ledger's audit log, where its records have them
  --json         JSON
  --help         this text

exit status: 0, or 2 if nothing was frozen, or 1 if it could not be done
`;

export const freezeCommand: Command = {
  name: "freeze",
  summary: "deny everything from now on, or everything of one agent",
  usage: FREEZE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        store: { type: "string", default: DEFAULT_STORE },
        agent: { type: "string" },
        disable: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        "audit-key": { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [reason = "frozen from the command line", another] = positionals;
    if (another !== undefined) throw new Error("put the reason in quotes");
    const desk = await openDesk({ store: values.store, auditKey: values["audit-key"], readOnly: values.list });
    try {
      if (!values.list) {
        const agent = values.agent === undefined ? {} : { agent: values.agent };
        await desk.freeze(reason, { ...agent, ...(values.disable && { disable: true }) });
      }
      const freezes = await desk.freezes();
      if (freezes.length === 0 && !values.json) out.print("nothing is frozen");
      for (const freeze of freezes) show(freeze, values.json, out);
      return 0;
    } finally {
      await desk.close();
    }
  },
};

export const unfreezeCommand: Command = {
  name: "unfreeze",
  summary: "lift a freeze, with the key of an approver",
  usage: UNFREEZE,
  async run(args, out) {
    const { values } = readOptions({
      args: [...args],
      options: {
        store: { type: "string", default: DEFAULT_STORE },
        agent: { type: "string" },
        as: { type: "string" },
        key: { type: "string" },
        "audit-key": { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const { as: approver, key, agent } = values;
    if (approver === undefined || key === undefined) throw new Error("`--as NAME` and `--key FILE` are needed");
    const held = await readKeyFile(key);
    const desk = await openDesk({ store: values.store, auditKey: values["audit-key"] });
    try {
      const frozen = (await desk.freezes()).find((one) => (one.agent ?? undefined) === agent);
      if (frozen === undefined) {
        out.error(`tollwarden unfreeze: ${agent === undefined ? "nothing" : `\`${agent}\``} is not frozen`);
        return 2;
      }
      const proof = await signed(held, { verb: "unfreeze", digest: frozen.digest, approver });
      await desk.unfreeze({ approver, ...(agent !== undefined && { agent }), ...proof });
      for (const one of await desk.freezes()) if ((one.agent ?? undefined) === agent) show(one, values.json, out);
      return 0;
    } finally {
      await desk.close();
    }
  },
};

function show(freeze: FreezeLine, json: boolean, out: Terminal): void {
  if (json) {
    out.print(JSON.stringify(freeze));
    return;
  }
  const { agent, disabled, reason, at, lifted_by: by } = freeze;
  const what = agent == null ? "everything" : `${agent} (${disabled ? "disabled" : "paused"})`;
  const lifted = by == null ? "" : `; lifted by ${by}, where the policy knows that key`;
  out.print(`${what} is frozen since ${at}: ${reason}${lifted}`);
}
