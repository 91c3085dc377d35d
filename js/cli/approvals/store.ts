/** The ledger's file, and the key of whoever uses the command. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { type OpenDesk, openApprovals } from "../../approvals/open.ts";
import {
  type ApproverKey,
  type Countersignature,
  countersign,
  readApproverKey,
  type Statement,
} from "../../approvals/sign.ts";
import { sqliteStore } from "../../stores/sqlite.ts";
import { logOf } from "../audited.ts";

export const DEFAULT_STORE = "tollwarden.sqlite";

/** The ledger, and what it takes to write to it. */
export interface Place {
  readonly store: string;
  /** `--audit-key`. */
  readonly auditKey?: string | undefined;
  /** Nothing is written: then nothing has to be recorded. */
  readonly readOnly?: boolean;
}

/** Opens the desk on a ledger that is there: a name that is misspelt must not make a new one. */
export async function openDesk(place: Place, secrets?: Readonly<Record<string, Uint8Array>>): Promise<OpenDesk> {
  const { store: path, auditKey, readOnly = false } = place;
  if (!existsSync(path)) throw new Error(`there is no ledger at \`${path}\`; name it with --store`);
  const store = await sqliteStore(path);
  try {
    const audit = readOnly ? undefined : await logOf(store, auditKey);
    return openApprovals({ store, ...(secrets && { secrets }), ...(audit && { audit }) });
  } catch (error) {
    await store.close();
    throw error;
  }
}

export interface HeldKey {
  readonly key: ApproverKey;
  /** The secret itself, for an HMAC: the answer is checked with it before it is written. */
  readonly secret?: Uint8Array;
}

/** A key that others on this machine can read is no key: an agent would sign with it. */
export async function readKeyFile(path: string): Promise<HeldKey> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Error(`there is no key at \`${path}\``);
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new Error(`others can read the key \`${path}\`; make it yours alone: chmod 600`);
  }
  const text = readFileSync(path, "utf8");
  const key = await readApproverKey(text);
  if (key.kind === "ed25519") return { key };
  return { key, secret: new TextEncoder().encode(text.replace(/\r?\n$/, "")) };
}

export function signed(held: HeldKey | undefined, of: Statement): Promise<Countersignature | undefined> {
  return held === undefined ? Promise.resolve(undefined) : countersign(held.key, of);
}
