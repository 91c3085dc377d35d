/** `tollwarden approvals watch`: each question as it comes, and at a terminal the answer to it. */

import { createInterface, type Interface } from "node:readline/promises";
import type { OpenDesk } from "../../approvals/open.ts";
import type { ApprovalView } from "../../core/types.ts";
import type { Terminal } from "../terminal.ts";
import { answer, shown, type Voice } from "./answer.ts";
import type { Place } from "./store.ts";

/** Until the signal ends it, or standard input does. */
export async function watch(
  desk: OpenDesk,
  place: Place,
  voice: Voice | undefined,
  json: boolean,
  out: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  const terminal = voice !== undefined && !json && process.stdin.isTTY === true;
  const input = terminal ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const ended = new AbortController();
  input?.once("close", () => ended.abort());
  const stop = AbortSignal.any([signal, ended.signal]);
  try {
    while (!stop.aborted) {
      const changed = nextChange(desk, stop);
      for (const view of await desk.approvals.pending()) {
        if (seen.has(view.digest) || stop.aborted) continue;
        seen.add(view.digest);
        out.print(json ? JSON.stringify(view) : `\n${shown(view)}`);
        if (input !== undefined && voice !== undefined && isAsked(view, voice)) {
          await decide(input, desk, place, view, voice, out, stop);
        }
      }
      await changed;
    }
  } finally {
    input?.close();
  }
}

function isAsked(view: ApprovalView, { name }: Voice): boolean {
  const asked = view.approvers?.some((approver) => approver.name === name) ?? true;
  return asked && !view.answers.some(({ approver }) => approver === name);
}

async function decide(
  input: Interface,
  desk: OpenDesk,
  place: Place,
  view: ApprovalView,
  voice: Voice,
  out: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const typed = await input.question(`${voice.name}: approve, refuse or skip? [a/r/s] `, { signal }).catch(() => "s");
  const word = typed.trim().toLowerCase();
  // Only these words decide; anything else is no answer, and silence is a denial.
  const verb =
    word === "a" || word === "approve" ? "approve" : word === "r" || word === "refuse" ? "reject" : undefined;
  if (verb === undefined) return out.print("skipped: without an answer it is denied when its time is over");
  const outcome = await answer(desk, place, view, verb, voice);
  if (outcome.ok) out.print(verb === "approve" ? "approved" : "refused");
  else out.print(`it does not count: ${outcome.message ?? outcome.reason}`);
}

/** Until something changes, or a second has passed. */
function nextChange(desk: OpenDesk, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      unwatch();
      signal.removeEventListener("abort", go);
      resolve();
    };
    const unwatch = desk.approvals.watch(go);
    const timer = setTimeout(go, 1_000);
    signal.addEventListener("abort", go, { once: true });
  });
}
