/** Where the records of the audit log go, and what the drain asks of such a place. */

/** A record as the store has it: its sequence number, and its line without the line feed. */
export interface AuditRecord {
  readonly seq: number;
  readonly line: string;
}

export interface Sink {
  /** Its place in the log is kept in the store under this name. */
  readonly name: string;
  /** The sequence number that it wants next, where it can tell by itself; else the store tells. */
  next?(): Promise<number>;
  /**
   * Takes records, in their order and without a gap. What it has taken must be safe before it resolves: the store may
   * forget it then. After an error the same records come again.
   */
  write(records: readonly AuditRecord[]): Promise<void>;
  close?(): Promise<void>;
}

/** Another process writes there now. That is no failure: this one waits, and takes over when the other ends. */
export class SinkBusy extends Error {
  override readonly name = "SinkBusy";
}

/** Each record to standard output, a line each. */
export function stdoutSink(write: (text: string) => Promise<void> | void = toStdout): Sink {
  return {
    name: "stdout",
    write: async (records) => write(records.map(({ line }) => `${line}\n`).join("")),
  };
}

function toStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error == null ? resolve() : reject(error)));
  });
}

/**
 * Each batch of records to a function of your own, such as an upload to R2 or S3 under the name of its first record.
 * After an error, or a crash before it was over, the same records come again: a batch that is put under the number of
 * its first record is then put twice, and is there once.
 */
export function callbackSink(name: string, take: (records: readonly AuditRecord[]) => Promise<void> | void): Sink {
  return { name, write: async (records) => take(records) };
}
