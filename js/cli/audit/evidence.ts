/** A report as sections: one shape, written as Markdown or as a page. */

import type { AuditVerdict } from "../../audit/verify.ts";
import { type Column, cards, escaped, page, table, visible } from "./html.ts";

export interface Report {
  readonly log: string;
  readonly records: number;
  readonly from: string;
  readonly to: string;
  readonly cores: Readonly<Record<string, number>>;
  readonly kinds: Readonly<Record<string, number>>;
  readonly payments: number;
  readonly spent_usd: string;
  readonly agents: Readonly<Record<string, string>>;
  readonly vendors: Readonly<Record<string, string>>;
  readonly denials: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  readonly policies: readonly {
    readonly hash: string;
    readonly name: string;
    readonly version: string;
    readonly from_record: number;
    readonly from: string;
    readonly records: number;
    readonly changes: readonly (readonly [string, string, string])[];
  }[];
  readonly escalations: readonly {
    readonly id: string;
    readonly asked: string;
    readonly agent: string;
    readonly vendor: string;
    readonly payee: string;
    readonly usd: string | null;
    readonly rules: readonly string[];
    readonly facts: string;
    readonly approved_by: readonly string[];
    readonly refused_by: readonly string[];
    readonly latency_ms: number | null;
    readonly outcome: string;
    readonly judged_again: string;
  }[];
  readonly oversight: {
    readonly asked: number;
    readonly approved: number;
    readonly refused: number;
    readonly unanswered: number;
    readonly median_ms: number | null;
    readonly under_3_s: number;
  };
  readonly unresolved: readonly {
    readonly id: string;
    readonly asked: string;
    readonly age_ms: number;
    readonly old: boolean;
    readonly state: string;
    readonly usd: string | null;
  }[];
  readonly incidents: readonly {
    readonly record: number;
    readonly at: string;
    readonly kind: string;
    readonly message: string;
  }[];
}

type Block =
  | { readonly text: string }
  | { readonly figures: readonly (readonly [string, string])[] }
  | { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[]; readonly empty?: string };

interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

const n = (name: string): Column => ({ name, number: true });
const seconds = (ms: number | null): string => (ms === null ? "" : `${(ms / 1_000).toFixed(1)} s`);
const share = (part: number, whole: number): string => (whole === 0 ? "-" : `${((part / whole) * 100).toFixed(0)} %`);
const counted = (counts: Readonly<Record<string, number | string>>): readonly (readonly string[])[] =>
  Object.entries(counts)
    .sort(([, a], [, b]) => Number(b) - Number(a))
    .map(([name, count]) => [name === "" ? "(none named)" : name, String(count)]);

/** What an auditor asks for, in the order of the questions. */
export function sectionsOf(report: Report, verdict: AuditVerdict, file: string, unsigned: boolean): readonly Section[] {
  const { oversight } = report;
  const decided = oversight.approved + oversight.refused;
  const drills = report.incidents.filter(({ kind }) => kind === "frozen" || kind === "unfrozen");
  const operations = report.incidents.filter(({ kind }) => ["opened", "recovered", "policy_refused"].includes(kind));
  return [
    {
      title: "Scope",
      blocks: [
        {
          columns: [{ name: "what" }, { name: "value" }],
          rows: [
            ["log", report.log],
            ["file", file],
            ["from", report.from],
            ["to", report.to],
            ["records", String(report.records)],
            ["payments asked for", String(report.payments)],
            ["spent, in USD", report.spent_usd],
            ...Object.entries(report.cores).map(([core, records]) => [`core (${records} records)`, core]),
          ],
        },
        {
          text: "This report supports evidence for the controls below. It says what the log holds, and judges nobody.",
        },
      ],
    },
    {
      title: "Completeness",
      blocks: [
        {
          columns: [{ name: "check" }, { name: "result" }],
          rows: [
            ["every record in its place and unchanged", verdict.good ? "yes" : `no: ${verdict.fault?.message ?? ""}`],
            ["gaps", verdict.fault?.code === "gap" ? "found" : "none up to the last record read"],
            [
              "nothing cut off before the last checkpoint",
              verdict.covered === null ? "not shown: no checkpoint was given" : `yes, ${verdict.covered} records`,
            ],
            [
              "the checkpoint's signature",
              verdict.covered === null ? "-" : unsigned ? "not checked: no key was given" : "good",
            ],
            ["HMACs", verdict.tagged === 0 ? "not checked" : `${verdict.tagged} good`],
            ["root of the tree", verdict.root],
            ["hash of the last record", verdict.last],
          ],
        },
        {
          text: `To check it yourself: \`tollwarden verify ${file} --checkpoint FILE --key VKEY\`, and \`tollwarden replay ${file}\`, which makes every decision again. The records are the whole population: a sample can be drawn by sequence number.`,
        },
      ],
    },
    {
      title: "Policies in force",
      blocks: [
        {
          columns: [
            { name: "from" },
            n("record"),
            n("records"),
            { name: "name" },
            { name: "version" },
            { name: "hash" },
          ],
          rows: report.policies.map((policy) => [
            policy.from,
            String(policy.from_record),
            String(policy.records),
            policy.name,
            policy.version,
            policy.hash,
          ]),
        },
        { text: "What changed each time:" },
        {
          columns: [{ name: "from" }, { name: "place" }, { name: "before" }, { name: "after" }],
          rows: report.policies.flatMap(({ from, changes }) =>
            changes.map(([place, before, after]) => [from, place, before, after]),
          ),
          empty: "No policy changed.",
        },
        {
          text: "Who wrote and who approved a change of policy is not in the log: keep the policy's file under version control.",
        },
      ],
    },
    {
      title: "Decisions",
      blocks: [
        { columns: [{ name: "kind of record" }, n("records")], rows: counted(report.kinds) },
        { text: "Denials by reason:" },
        { columns: [{ name: "reason" }, n("denials")], rows: counted(report.denials) },
        { text: "Denials by rule:" },
        { columns: [{ name: "rule" }, n("denials")], rows: counted(report.rules) },
        { text: "Spent, in USD:" },
        { columns: [{ name: "agent" }, n("USD")], rows: counted(report.agents) },
        { columns: [{ name: "vendor" }, n("USD")], rows: counted(report.vendors) },
      ],
    },
    {
      title: "Escalations",
      blocks: [
        {
          columns: [
            { name: "asked" },
            { name: "payment" },
            { name: "agent" },
            { name: "vendor" },
            n("USD"),
            { name: "rules" },
            { name: "facts shown" },
            { name: "outcome" },
            { name: "by" },
            n("after"),
            { name: "judged again" },
          ],
          rows: report.escalations.map((one) => [
            one.asked,
            one.id,
            one.agent,
            one.vendor,
            one.usd ?? "",
            one.rules.join(", "),
            one.facts,
            one.outcome,
            [...one.approved_by, ...one.refused_by].join(", "),
            seconds(one.latency_ms),
            one.judged_again,
          ]),
          empty: "Nobody was asked about any payment.",
        },
      ],
    },
    {
      title: "Quality of the oversight",
      blocks: [
        {
          figures: [
            [String(oversight.asked), "asked"],
            [share(oversight.approved, decided), "of decisions approved"],
            [seconds(oversight.median_ms) || "-", "median time to decide"],
            [share(oversight.under_3_s, decided), "decided in under 3 s"],
            [String(oversight.unanswered), "without an answer"],
          ],
        },
        { text: "A high share of approvals with a short time to decide suggests that people wave payments through." },
      ],
    },
    {
      title: "Freezes and drills",
      blocks: [
        {
          columns: [{ name: "time" }, n("record"), { name: "what" }, { name: "words" }],
          rows: drills.map(({ at, record, kind, message }) => [at, String(record), kind, message]),
          empty: "The freeze switch was not used in this log: no drill is on record.",
        },
      ],
    },
    {
      title: "Unresolved payments",
      blocks: [
        {
          columns: [
            { name: "payment" },
            { name: "asked" },
            { name: "state" },
            n("USD"),
            n("age"),
            { name: "older than a day" },
          ],
          rows: report.unresolved.map(({ id, asked, state, usd, age_ms, old }) => [
            id,
            asked,
            state,
            usd ?? "",
            seconds(age_ms),
            old ? "yes" : "no",
          ]),
          empty: "Every payment that was signed is settled.",
        },
      ],
    },
    {
      title: "Operation",
      blocks: [
        {
          columns: [{ name: "time" }, n("record"), { name: "what" }, { name: "words" }],
          rows: operations.map(({ at, record, kind, message }) => [at, String(record), kind, message]),
        },
        { text: "Remarks of the verification: restarts, pauses, clocks, policies." },
        {
          columns: [n("record"), { name: "what" }, { name: "remark" }],
          rows: verdict.remarks.map(({ record, code, message }) => [String(record), code, message]),
        },
      ],
    },
    {
      title: "Retention and erasure",
      blocks: [
        {
          text: `The log reaches from ${report.from} to ${report.to}. Where a law wants records kept for six months or longer, the operator has to see to it that files which were put aside are kept for so long.`,
        },
        {
          text: "Not in the log: signatures, payment headers, the values of a URL's query and idempotency keys (pseudonyms stand in their place; without the log's key, which is in the ledger alone, they tell nothing). Names of agents, sessions, clients and approvers, URL paths and wallet addresses are in it, and may be personal data.",
        },
      ],
    },
    {
      title: "Limits",
      blocks: [
        {
          text: "The log holds what the warden was asked and what it answered. A payment that was made without it is not in it. What the warden was told about the world (facts, approvals by name) is recorded as it was told.",
        },
        {
          text: "Records after the last checkpoint are covered by their chain alone: who can write the file can still replace them.",
        },
      ],
    },
    {
      title: "Controls",
      blocks: [
        {
          columns: [{ name: "control" }, { name: "supported by the section" }],
          rows: [
            ["SOC 2 CC6.1, CC6.3", "Policies in force; Decisions"],
            ["SOC 2 CC7.2, CC7.3", "Decisions; Freezes and drills; Operation"],
            ["SOC 2 CC8.1", "Policies in force"],
            ["SOC 2 PI1.3 to PI1.5", "Completeness; Unresolved payments"],
            ["GDPR Art. 5(1)(c), 25, 32", "Retention and erasure; Completeness"],
            ["EU AI Act Art. 12, 19, 26(6)", "Completeness; Retention and erasure"],
            ["EU AI Act Art. 14(4)", "Escalations; Quality of the oversight; Freezes and drills"],
          ],
        },
        {
          text: "`docs/evidence.md` says what each of these asks, from when on it applies, and what this log can't show.",
        },
      ],
    },
  ];
}

export function asMarkdown(title: string, sections: readonly Section[]): string {
  const cell = (text: string): string => visible(text).replaceAll(/[|\\`<>*_[\]]/g, "\\$&");
  const block = (one: Block): string => {
    if ("text" in one) return one.text;
    if ("figures" in one) return one.figures.map(([value, name]) => `- ${cell(value)} ${name}`).join("\n");
    if (one.rows.length === 0) return one.empty ?? "None.";
    const head = `| ${one.columns.map(({ name }) => name).join(" | ")} |`;
    const rule = `| ${one.columns.map(({ number }) => (number === true ? "---:" : "---")).join(" | ")} |`;
    return [head, rule, ...one.rows.map((row) => `| ${row.map(cell).join(" | ")} |`)].join("\n");
  };
  const section = (one: Section): string => [`## ${one.title}`, ...one.blocks.map(block)].join("\n\n");
  return `# ${title}\n\n${sections.map(section).join("\n\n")}\n`;
}

export function asPage(title: string, sections: readonly Section[]): string {
  const block = (one: Block, caption: string): string => {
    if ("text" in one) return `<p>${escaped(one.text).replaceAll(/`([^`]*)`/g, "<code>$1</code>")}</p>`;
    if ("figures" in one) return cards(one.figures);
    if (one.rows.length === 0) return `<p class="dim">${escaped(one.empty ?? "None.")}</p>`;
    return table(one.columns, one.rows, caption);
  };
  const section = (one: Section): string =>
    `<h2>${escaped(one.title)}</h2>\n${one.blocks.map((each) => block(each, one.title)).join("\n")}`;
  return page(title, `<h1>${escaped(title)}</h1>\n${sections.map(section).join("\n")}`);
}
