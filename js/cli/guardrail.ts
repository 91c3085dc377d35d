/** `tollwarden guardrail`: the warden's judgement over the Guardrail Decision Protocol, for harnesses that score guardrails. */

import { coreVersion } from "../core/version.ts";
import { readPolicyFile } from "../policy-source.ts";
import { type Asked, type GuardrailAnswer, readMessage } from "./guardrail/protocol.ts";
import { openSession, type Session } from "./guardrail/session.ts";
import { linesOf } from "./lines.ts";
import { readOptions } from "./options.ts";
import { type Command, failure } from "./terminal.ts";

const USAGE = `usage: tollwarden guardrail [--policy FILE]

Speaks the Guardrail Decision Protocol, version 1: JSON lines on standard input and output, as x402-redteam asks its
guardrails. The first line tells the task; its budget, network and hosts are what may be paid. Then each payment is judged,
and what is about to be signed is compared with what was allowed; a transfer that no offer asked for is denied.

  --policy FILE   a policy of your own, besides what the task says: the strictest of both holds
  --help          this text

  x402-redteam run --guardrail "npx tollwarden guardrail"

exit status: 0 when standard input ends; 1 if nothing could be run
`;

export const guardrailCommand: Command = {
  name: "guardrail",
  summary: "speak the Guardrail Decision Protocol, to be scored by a harness",
  usage: USAGE,
  async run(args, out) {
    const { values } = readOptions({ args: [...args], options: { policy: { type: "string" } } });
    const policy = values.policy === undefined ? undefined : readPolicyFile(values.policy);
    let session: Session | undefined;

    /** Every question gets an answer, and whatever goes wrong is a denial. */
    const answer = async (asked: Asked): Promise<GuardrailAnswer> => {
      const { id } = asked;
      if (asked.type === "hello") {
        // A second task would be a way to widen the first one.
        if (session !== undefined) return { id, decision: "deny", reason: "the task was told already" };
        session = await openSession(asked.task, policy);
        return { id, hooks: session.hooks, name: "tollwarden", version: coreVersion(), nondeterministic: false };
      }
      if (session === undefined) return { id, decision: "deny", reason: "no task was told yet" };
      return { id, ...(await session.judge(asked)) };
    };

    for await (const line of linesOf(process.stdin)) {
      const asked = "text" in line ? readMessage(line.text) : line.problem;
      if (asked === undefined) continue;
      if (typeof asked === "string") {
        out.error(`tollwarden guardrail: ${asked}`);
        continue;
      }
      const said = await answer(asked).catch((error: unknown): GuardrailAnswer => {
        out.error(`tollwarden guardrail: ${failure(error)}`);
        return { id: asked.id, decision: "deny", reason: "the guardrail failed" };
      });
      out.print(JSON.stringify(said));
      await out.drained();
    }
    await session?.close();
    return 0;
  },
};
