/** Writing by hand to a ledger that has an audit log: what is done is recorded there, with an HMAC where its records have one. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { HEAD, headOf, logKey } from "../audit/drain.ts";
import { hasLog } from "../audit/required.ts";
import type { Store } from "../stores/store.ts";
import { keyBytes } from "./audit/log.ts";

/** For `openApprovals` and `recording`; nothing for a ledger without a log. `keyFile`: what `--audit-key` names. */
export async function logOf(
  store: Store,
  keyFile: string | undefined,
): Promise<{ readonly key?: Uint8Array } | undefined> {
  if (!(await hasLog(store))) {
    if (keyFile === undefined) return undefined;
    throw new Error("this ledger has no audit log: `--audit-key` is for one that has");
  }
  const last = await lastRecord(store);
  const [, rest = "", tag] = /^(.*),"tag":"([0-9a-f]{64})"\}$/.exec(last ?? "") ?? [];
  if (keyFile === undefined) {
    if (tag === undefined) return {};
    throw new Error(
      "the records of this ledger's audit log carry an HMAC; name the file with its key with `--audit-key`",
    );
  }
  const key = keyBytes(keyFile);
  if (key.length < 16) throw new Error(`the key in \`${keyFile}\` has ${key.length} bytes, and 16 are the least`);
  if (
    tag !== undefined &&
    !timingSafeEqual(createHmac("sha256", key).update(`${rest}}`).digest(), Buffer.from(tag, "hex"))
  )
    throw new Error(`\`${keyFile}\` is not the key of this ledger's audit log: the last record has another HMAC`);
  return { key };
}

/** The last record, unless every sink has it and the store has let go of it. */
async function lastRecord(store: Store): Promise<string | undefined> {
  const [head] = await store.load([HEAD]);
  if (head?.value == null) return undefined;
  const [record] = await store.load([logKey(headOf(head.value).next - 1)]);
  return record?.value ?? undefined;
}
