/** `tollwarden verify`: is the log whole? */

import { readFileSync } from "node:fs";
import { logPieces } from "../../audit/files.ts";
import { type AuditVerdict, verifyLog } from "../../audit/verify.ts";
import { count, painter } from "../colour.ts";
import { readOptions } from "../options.ts";
import type { Command } from "../terminal.ts";
import { filesOf, isFile, keyBytes, keyText, namedLog, progress } from "./log.ts";

const USAGE = `usage: tollwarden verify LOG [--checkpoint FILE]… [--key VKEY] [--hmac-key FILE] [--open-end] [--json]

Reads an audit log once and says whether it is whole: every record in its place, unchanged, and none missing that a
checkpoint covers. If it is not, the first bad record is named, and what is wrong with it. Files that were put aside
beside LOG (LOG.0000000000000000 and so on) are read first.

  --checkpoint FILE   a signed checkpoint that was kept elsewhere; may be given several times. Without one, with --key,
                      LOG.checkpoint is taken if it is there: it shows less, for who writes the log may write it too
  --key VKEY          the public key of the checkpoints' signer, name+id+base64, or a file with it; without it their
                      signatures are not checked
  --hmac-key FILE     the key of the records' HMACs; then every record must have one
  --open-end          a log without a checkpoint is good enough
  --json              one JSON object: {"good","whole","records","root",…,"fault","remarks"}
  --help              this text

exit status: 0 if the log is whole; 1 if it is not, or can't be read; 2 if every record that is there is good, and no
checkpoint shows that none was cut off at the end
`;

export const verifyCommand: Command = {
  name: "verify",
  summary: "whether an audit log is whole, and what is wrong first",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        checkpoint: { type: "string", multiple: true, default: [] },
        key: { type: "string" },
        "hmac-key": { type: "string" },
        "open-end": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const log = namedLog(positionals, "verify");
    const files = filesOf(log);
    const beside = `${log}.checkpoint`;
    const taken = values.checkpoint.length === 0 && values.key !== undefined && isFile(beside);
    const named = taken ? [beside] : values.checkpoint;
    const shown = progress(log);
    const verdict = await verifyLog(stepping(log, shown.step), {
      checkpoints: named.map((name) => ({ name, note: readFileSync(name, "utf8") })),
      vkey: values.key === undefined ? undefined : keyText(values.key),
      key: values["hmac-key"] === undefined ? undefined : keyBytes(values["hmac-key"]),
    }).finally(shown.done);

    const status = verdict.whole || (verdict.good && values["open-end"]) ? 0 : verdict.good ? 2 : 1;
    const unsigned = named.length > 0 && values.key === undefined;
    if (values.json) out.print(JSON.stringify({ file: log, ...verdict, signatures_checked: !unsigned }, undefined, 2));
    else print(files, verdict, { unsigned, status }, out.print);
    return status;
  },
};

async function* stepping(log: string, step: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of logPieces(log)) {
    yield piece;
    step(piece.length);
  }
}

function print(
  files: string,
  verdict: AuditVerdict,
  { unsigned, status }: { readonly unsigned: boolean; readonly status: number },
  line: (text: string) => void,
): void {
  const paint = painter(process.stdout);
  const { fault, records, covered, torn } = verdict;
  const word = verdict.whole ? paint("green", "whole") : verdict.good ? paint("yellow", "good, end not shown") : "";
  line(fault === null ? `${files}: ${word}, ${count(records, "record")}` : paint("red", `${files}: not whole`));
  if (fault !== null) {
    line(
      `  ${fault.code}: record ${fault.record}${fault.line === undefined ? "" : `, line ${fault.line}`}: ${fault.message}`,
    );
    if (records > 0) line(paint("dim", `  the ${count(records, "record")} before it are good`));
  }
  if (verdict.log !== "") line(paint("dim", `  log ${verdict.log}, ${verdict.from ?? ""} to ${verdict.to ?? ""}`));
  line(paint("dim", `  root ${verdict.root}`));
  if (verdict.tagged > 0) line(paint("dim", `  ${count(verdict.tagged, "HMAC")} checked`));
  if (covered !== null) {
    const after = records - covered;
    const rest = after > 0 ? `; the ${count(after, "record")} after it by the chain alone` : "";
    line(paint("dim", `  a checkpoint covers ${count(covered, "record")}${rest}`));
  } else if (verdict.good) {
    const hint = status === 2 ? "; give --checkpoint FILE, or --open-end if that is enough" : "";
    line(`  no checkpoint: whether records are missing at the end can't be told${hint}`);
  }
  if (unsigned) line(paint("yellow", "  the checkpoint's signature was not checked: give --key"));
  if (torn > 0) line(`  ${torn} bytes of a record that was never finished stand at the end, as a crash leaves them`);
  for (const remark of verdict.remarks) line(paint("dim", `  record ${remark.record}: ${remark.message}`));
  if (verdict.more_remarks > 0) line(paint("dim", `  and ${verdict.more_remarks} more remarks`));
}
