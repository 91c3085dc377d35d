/** `tollwarden/audit`: the sinks of the audit log, and its checkpoints. What reads a log is in `tollwarden/audit/read`. */

export type { Audit, AuditOptions } from "./audit/audit.ts";
export { storedLog } from "./audit/audit.ts";
export { type CheckpointOptions, type CheckpointTarget, checkpointFile, checkpointUrl } from "./audit/checkpoint.ts";
export { type JsonlOptions, jsonlSink } from "./audit/jsonl.ts";
export { checkpointSigner, generateCheckpointKey, type Signer } from "./audit/keys.ts";
export { otelSink } from "./audit/otel.ts";
export { type AuditRecord, callbackSink, type Sink, SinkBusy, stdoutSink } from "./audit/sink.ts";
export { sqliteSink } from "./audit/sqlite.ts";
