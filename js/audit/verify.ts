/** Whether a log is whole: the core reads it in pieces, the signatures of the checkpoints are WebCrypto's. */

import { loadTools } from "../core/tools.ts";
import { logPieces } from "./files.ts";
import { verifyNote } from "./keys.ts";
import type { LogSource } from "./query.ts";

export interface VerifyOptions {
  /** Signed checkpoints that were kept, as text, with names for messages. */
  readonly checkpoints?: readonly { readonly note: string; readonly name: string }[];
  /** The public key of their signer; without it their signatures are not checked. */
  readonly vkey?: string | undefined;
  /** The key of the records' HMACs. */
  readonly key?: Uint8Array | undefined;
  /** Told after each piece: bytes read, and records. */
  readonly progress?: (bytes: number, records: number) => void;
}

export interface AuditFault {
  readonly code: string;
  /** The sequence number that the record has, or should have. */
  readonly record: number;
  readonly line?: number;
  readonly message: string;
}

export interface AuditVerdict {
  /** Nothing is wrong with any record that is there. */
  readonly good: boolean;
  /** Good, and a checkpoint shows that nothing was cut off before it. */
  readonly whole: boolean;
  readonly records: number;
  readonly log: string;
  readonly root: string;
  readonly last: string;
  readonly state: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly tagged: number;
  /** How many records the largest checkpoint covers. */
  readonly covered: number | null;
  readonly torn: number;
  readonly fault: AuditFault | null;
  readonly remarks: readonly { readonly code: string; readonly record: number; readonly message: string }[];
  readonly more_remarks: number;
}

interface Note {
  readonly size: number;
  readonly root: string;
  readonly text: string;
  readonly signatures: readonly (readonly [string, string])[];
}

function readNote(note: string, name: string): Note {
  try {
    return JSON.parse(loadTools().readCheckpoint(note)) as Note;
  } catch (cause) {
    throw new Error(`${name} is no checkpoint: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Throws if a checkpoint can't be read, or is not signed by the key. */
export async function verifyLog(log: LogSource, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const { checkpoints = [], vkey, key, progress } = options;
  const core = loadTools();
  const roots: [number, string, string][] = [];
  for (const { note, name } of checkpoints) {
    const read = readNote(note, name);
    if (vkey !== undefined && !(await verifyNote(vkey, read.text, read.signatures))) {
      throw new Error(`${name} is not signed by the key that was given`);
    }
    roots.push([read.size, read.root, name]);
  }
  const verifier = new core.AuditVerifier(key, JSON.stringify(roots));
  let bytes = 0;
  for await (const piece of typeof log === "string" ? logPieces(log) : log) {
    verifier.push(piece);
    bytes += piece.length;
    progress?.(bytes, verifier.records());
  }
  return JSON.parse(verifier.finish()) as AuditVerdict;
}
