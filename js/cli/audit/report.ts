/** `tollwarden report`: the evidence that an audit log holds, for whoever examines it. */

import { readFileSync, writeFileSync } from "node:fs";
import { verifyLog } from "../../audit/verify.ts";
import { loadTools } from "../../core/tools.ts";
import { readOptions } from "../options.ts";
import type { Command } from "../terminal.ts";
import { asMarkdown, asPage, type Report, sectionsOf } from "./evidence.ts";
import { eachPiece, filesOf, keyBytes, keyText, namedLog } from "./log.ts";

const USAGE = `usage: tollwarden report LOG [--format md|html|json] [--out FILE] [--checkpoint FILE]… [--key VKEY] [--hmac-key FILE]

The evidence that an audit log holds: whether it is complete, which policies were in force and what changed in them, every
escalation and how well people looked, denials, freezes, unresolved payments. It supports evidence for controls of SOC 2,
the GDPR and the EU AI Act, and says so for each section.

  --format        md, the default, html or json
  --out FILE      where to write it; standard output unless given
  --checkpoint, --key, --hmac-key   as in tollwarden verify
  --json          the same as --format json
  --help          this text

exit status: 0; 1 if the log is not good, or can't be read: then a report is written all the same, and says so first
`;

export const reportCommand: Command = {
  name: "report",
  summary: "the evidence in an audit log, for whoever examines it",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        format: { type: "string", default: "md" },
        out: { type: "string" },
        checkpoint: { type: "string", multiple: true, default: [] },
        key: { type: "string" },
        "hmac-key": { type: "string" },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const format = values.json ? "json" : values.format;
    if (!["md", "html", "json"].includes(format)) {
      throw new Error(`\`--format ${format}\`: expected md, html or json`);
    }
    const log = namedLog(positionals, "report");
    const verdict = await verifyLog(log, {
      checkpoints: values.checkpoint.map((name) => ({ name, note: readFileSync(name, "utf8") })),
      vkey: values.key === undefined ? undefined : keyText(values.key),
      key: values["hmac-key"] === undefined ? undefined : keyBytes(values["hmac-key"]),
    });
    const reporter = new (loadTools().AuditReport)();
    await eachPiece(log, (piece) => reporter.push(piece));
    const report = JSON.parse(reporter.finish()) as Report;
    const unsigned = values.key === undefined;
    const sections = sectionsOf(report, verdict, filesOf(log), unsigned);
    const title = "Payments decided by tollwarden: evidence";
    const text =
      format === "json"
        ? `${JSON.stringify({ completeness: { ...verdict, signatures_checked: !unsigned }, ...report }, undefined, 2)}\n`
        : format === "html"
          ? asPage(title, sections)
          : asMarkdown(title, sections);
    if (values.out === undefined) out.print(text.trimEnd());
    else writeFileSync(values.out, text);
    return verdict.good ? 0 : 1;
  },
};
