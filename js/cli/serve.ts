/** `tollwarden serve`: the decision service on a port, from a configuration file and flags. */

import { existsSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { jsonlSink } from "../audit.ts";
import { assets } from "../dashboard/assets.ts";
import { watchPolicy } from "../policy/watch.ts";
import { readPolicyFile } from "../policy-source.ts";
import { createService, type Service, type Serving, serve } from "../service/index.ts";
import { evmSigner } from "../service/signers.ts";
import { keyBytes } from "./audit/log.ts";
import { readDocument } from "./document.ts";
import { readOptions } from "./options.ts";
import { openLedgerStore } from "./service-store.ts";
import { type Command, failure, type Terminal } from "./terminal.ts";

const USAGE = `usage: tollwarden serve [--config FILE] [--policy FILE] [--store PLACE] [--listen HOST:PORT] [--json]

The decision service: agents ask it what they may pay, with keys of their own, and it keeps the ledger, the audit log and,
if it is to, the signer. At the first start it prints a key for the operator, once. Keys for agents are made with
tollwarden keys. The policy's file is watched: what is changed there decides the next payment.

  --config FILE        the configuration, in TOML, YAML or JSON; default serve.toml, if there is one
  --policy FILE        the policy; default policy.toml, which is written at the first start if it is not there
  --store PLACE        the ledger: an SQLite file, or redis://HOST:PORT; default tollwarden.sqlite
  --scope NAME         the ledger's name within that Redis; default default
  --audit FILE         the audit log; default audit.jsonl, beside the ledger
  --no-audit           no audit log; refused for a ledger that has one
  --listen HOST:PORT   where it listens; default 127.0.0.1:8403
  --url URL            where it is reached, if a proxy with TLS stands in front, such as https://pay.example.com
  --metrics            Prometheus metrics at /metrics, for keys with \`read\`
  --check              reads everything, says what it would do, and ends
  --json               one JSON object a line: {"event":"listening","url",…}
  --help               this text

exit status: 0 when it was stopped; 1 if something is wrong with the configuration, or the port is taken
`;

const STARTER = `# Written by the first \`tollwarden serve\`: a cautious beginning. docs/policy.md says what else there is.
version = 1

[payment]
max_usd = "1"
approve_from_usd = "0.50"

[[budgets]]
name = "daily"
limit_usd = "5"
window = "24h"
per = "agent"
`;

interface File {
  readonly listen?: string;
  readonly url?: string;
  readonly hosts?: readonly string[];
  readonly policy?: string;
  readonly store?: string;
  readonly scope?: string;
  readonly audit?: string | false;
  readonly audit_key?: string;
  readonly metrics?: boolean;
  readonly metrics_public?: boolean;
  readonly rate?: { readonly per_second: number; readonly burst: number };
  readonly history?: { readonly keep_days?: number; readonly most_rows?: number };
  /** \`env:NAME\` or \`file:PATH\` of the key that signs for all agents. */
  readonly signer?: { readonly evm_key: string };
}

const KNOWN = [
  "listen",
  "url",
  "hosts",
  "policy",
  "store",
  "scope",
  "audit",
  "audit_key",
  "metrics",
  "metrics_public",
  "rate",
  "history",
  "signer",
];

export const serveCommand: Command = {
  name: "serve",
  summary: "the decision service, and its dashboard",
  usage: USAGE,
  async run(args, out) {
    const { values } = readOptions({
      args: [...args],
      options: {
        config: { type: "string" },
        policy: { type: "string" },
        store: { type: "string" },
        scope: { type: "string" },
        audit: { type: "string" },
        "no-audit": { type: "boolean", default: false },
        listen: { type: "string" },
        url: { type: "string" },
        metrics: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
    const say = speaker(out, values.json);
    const { file, folder } = readFile(values.config);
    const beside = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
    const policy = values.policy ?? (file.policy === undefined ? undefined : beside(file.policy)) ?? starter(say);
    const store =
      values.store ?? (file.store === undefined ? undefined : besideStore(file.store, beside)) ?? "tollwarden.sqlite";
    const scope = values.scope ?? file.scope;
    const { host, port } = placeOf(values.listen ?? file.listen ?? "127.0.0.1:8403");
    const audit = auditOf(values, file, store, beside);
    // Before a ledger is made for it.
    readPolicyFile(policy);
    const opened = await openLedgerStore(store, scope);
    let service: Service | undefined;
    try {
      const { rate, history, signer, hosts, metrics_public: metricsPublic } = file;
      const url = values.url ?? file.url ?? `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
      const metrics = values.metrics || file.metrics === true ? await metricsOf() : undefined;
      service = await createService({
        policy: resolve(policy),
        store: opened.store,
        url,
        ...(hosts && { hosts }),
        ...(rate && { rate: { perSecond: rate.per_second, burst: rate.burst } }),
        ...(history && {
          history: {
            ...(history.keep_days !== undefined && { keepDays: history.keep_days }),
            ...(history.most_rows !== undefined && { mostRows: history.most_rows }),
          },
        }),
        ...(audit && {
          audit: {
            sinks: [jsonlSink(audit.path)],
            ...(audit.key && { key: audit.key }),
            onError: (error) => out.error(`tollwarden serve: audit: ${failure(error)}`),
          },
          logPlace: { source: audit.path, ...(audit.key && { key: audit.key }) },
        }),
        ...(signer && { signer: await evmSigner(secretOf(signer.evm_key, beside)) }),
        ...(metrics && { metrics, telemetry: metrics }),
        dashboard: assets,
        ...(metricsPublic !== undefined && { metricsPublic }),
        onError: (error) => out.error(`tollwarden serve: ${failure(error)}`),
      });
      if (values.check) {
        say("good", { policy: service.warden.policy.hash, store, url });
        return 0;
      }
      const serving = await serve(service, {
        host,
        port,
        onError: (error) => out.error(`tollwarden serve: ${failure(error)}`),
      });
      return await running(
        service,
        serving,
        { policy, store, audit: audit?.path, url: values.url ?? file.url },
        say,
        out,
      );
    } finally {
      await service?.close();
      await opened.close();
    }
  },
};

async function metricsOf() {
  const { prometheusMetrics } = await import("../telemetry/metrics.ts").catch((cause: unknown) => {
    throw new Error(`\`prom-client\` can't be loaded: ${failure(cause)}; install it beside tollwarden`, { cause });
  });
  return prometheusMetrics({ defaultMetrics: true });
}

type Say = (event: string, members: Readonly<Record<string, unknown>>) => void;

/** Until somebody stops it. */
async function running(
  service: Service,
  serving: Serving,
  about: {
    readonly policy: string;
    readonly store: string;
    readonly audit: string | undefined;
    readonly url: string | undefined;
  },
  say: Say,
  out: Terminal,
): Promise<number> {
  const watch = watchPolicy(about.policy, service.control, {
    onReload: ({ hash, version }) => say("policy", { version, hash }),
    onError: (error) => out.error(`tollwarden serve: the policy stays as it was: ${failure(error)}`),
  });
  const key = await service.keys.first();
  const { hash } = service.warden.policy;
  say("listening", {
    url: serving.url,
    ...(about.url !== undefined && { known_as: about.url }),
    policy: about.policy,
    hash,
    store: about.store,
    ...(about.audit !== undefined && { audit: about.audit }),
    ...(key !== undefined && { admin_key: key }),
  });
  await new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
  say("stopping", {});
  // A second signal does not wait.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  await watch.close();
  await serving.stop();
  return 0;
}

function speaker(out: Terminal, json: boolean): Say {
  if (json) return (event, members) => out.print(JSON.stringify({ event, ...members }));
  return (event, members) => {
    const { url, known_as: knownAs, policy, store, audit, admin_key: key, hash, version } = members;
    if (event === "listening") {
      out.print(`policy  ${policy}\nstore   ${store}`);
      if (audit !== undefined) out.print(`audit   ${audit}`);
      if (key !== undefined) out.print(`\nthe operator's key, shown this once:\n\n  ${key}\n`);
      out.print(
        `listening on ${url}${knownAs === undefined ? "" : `, known as ${knownAs}`}; open it in a browser, and log in with the operator's key`,
      );
    } else if (event === "starter")
      out.print(
        `wrote ${policy}: at most 1 USD a payment and 5 USD a day for each agent, and people decide from 0.50 USD on`,
      );
    else if (event === "policy") out.print(`policy version ${version} is in force (${hash})`);
    else if (event === "good") out.print(`${store} and the policy ${policy} are good`);
    else out.print(event);
  };
}

function readFile(given: string | undefined): { readonly file: File; readonly folder: string } {
  const path = given ?? "serve.toml";
  if (given === undefined && !existsSync(path)) return { file: {}, folder: "." };
  const file: unknown = JSON.parse(readDocument(path));
  if (typeof file !== "object" || file === null) throw new Error(`${path} is no table`);
  for (const name of Object.keys(file))
    if (!KNOWN.includes(name)) throw new Error(`${path}: \`${name}\` is not known; there are ${KNOWN.join(", ")}`);
  return { file: file as File, folder: dirname(path) };
}

/** Nobody said where the policy is: one that is there, or a cautious one that is written now. */
function starter(say: Say): string {
  const path = "policy.toml";
  if (!existsSync(path)) {
    writeFileSync(path, STARTER, { flag: "wx" });
    say("starter", { policy: path });
  }
  return path;
}

function besideStore(place: string, beside: (path: string) => string): string {
  return /^rediss?:/.test(place) ? place : beside(place);
}

function auditOf(
  values: { readonly audit?: string | undefined; readonly "no-audit": boolean },
  file: File,
  store: string,
  beside: (path: string) => string,
): { readonly path: string; readonly key?: Uint8Array } | undefined {
  if (values["no-audit"] || (values.audit === undefined && file.audit === false)) return undefined;
  const named = values.audit ?? (typeof file.audit === "string" ? beside(file.audit) : undefined);
  const path = named ?? (/^rediss?:/.test(store) ? "audit.jsonl" : join(dirname(store), "audit.jsonl"));
  return { path, ...(file.audit_key !== undefined && { key: keyBytes(beside(file.audit_key)) }) };
}

/** `env:NAME` or `file:PATH`. */
function secretOf(reference: string, beside: (path: string) => string): string {
  const value = reference.startsWith("env:")
    ? process.env[reference.slice(4)]
    : reference.startsWith("file:")
      ? new TextDecoder().decode(keyBytes(beside(reference.slice(5))))
      : undefined;
  if (value === undefined || value.trim() === "")
    throw new Error(
      `\`${/^(env|file):/.test(reference) ? reference : "signer.evm_key"}\` gives no key: write \`env:NAME\` or \`file:PATH\``,
    );
  return value.trim();
}

function placeOf(text: string): { readonly host: string; readonly port: number } {
  const found = /^(\[[0-9a-f:]+\]|[^:\s]+):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) throw new Error(`\`${text}\` is no place to listen, such as \`127.0.0.1:8403\``);
  return { host: (found[1] ?? "").replace(/^\[|\]$/g, ""), port };
}
