/** What is deployed: linted where its tool is here, carried out step by step where it can be, and never told as done. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { parse } from "yaml";
import "../../js/index.ts";
import "../../js/privacy/index.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { renderChart } from "../../pkg-scripts/chart.mjs";
import { attempt, probe } from "../../pkg-scripts/lib/child.mjs";
import { bringHadolint } from "../../pkg-scripts/lib/wheels.mjs";
import { installedPackage } from "../../pkg-scripts/package/tarball.mjs";
import { freePort } from "../support/port.ts";

const deploy = fileURLToPath(new URL("../../deploy/", import.meta.url));
const read = (file: string): string => readFileSync(join(deploy, file), "utf8");
const folder = mkdtempSync(join(tmpdir(), "tollwarden-deploy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const hadolint = await bringHadolint();
if (hadolint === undefined) console.error("NO HADOLINT: the Dockerfile is not linted, SKIPPED");

test("hadolint has nothing against the Dockerfile", { skip: hadolint === undefined }, async () => {
  const { status, output } = await attempt(hadolint ?? "", [join(deploy, "docker/Dockerfile")]);
  assert.equal(status, 0, output);
});

/** The instructions of a Dockerfile, each whole. */
function instructions(text: string): readonly { readonly word: string; readonly rest: string }[] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  return lines
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({ word: line.slice(0, line.indexOf(" ")), rest: line.slice(line.indexOf(" ") + 1) }));
}

test("the image's steps, one by one: it is built from the packed package, starts as nobody, answers, and stops", async () => {
  const steps = instructions(read("docker/Dockerfile"));
  assert.deepEqual(steps.findLast(({ word }) => word === "USER")?.rest, "65532:65532");
  const { tarball } = await installedPackage();
  const app = join(folder, "app");
  mkdirSync(app, { recursive: true });
  // COPY and RUN of the first stage, with /app and /data in a folder of the test's.
  for (const { word, rest } of steps.slice(
    0,
    steps.findIndex(({ word }, place) => word === "FROM" && place > 3),
  )) {
    if (word === "COPY") {
      const [from = "", to = ""] = rest.split(" ");
      cpSync(from.startsWith("$") ? tarball : join(deploy, "..", from), join(app, to));
    } else if (word === "RUN") {
      const here = rest.replaceAll("/data", join(folder, "data")).replace(/chown \S+/, "true");
      const { status, output } = await attempt("sh", ["-c", here], { cwd: app });
      assert.equal(status, 0, output);
    }
  }
  const [entry, command] = ["ENTRYPOINT", "CMD"].map(
    (wanted) => JSON.parse(steps.findLast(({ word }) => word === wanted)?.rest ?? "[]") as string[],
  );
  const data = join(folder, "data");
  const port = await freePort();
  writeFileSync(join(data, "policy.toml"), '[payment]\nmax_usd = "1"\n');
  const config = read("docker/serve.toml")
    .replaceAll("/data", data)
    .replace("/etc/tollwarden/policy.toml", join(data, "policy.toml"))
    .replace("0.0.0.0:8403", `127.0.0.1:${port}`);
  writeFileSync(join(data, "serve.toml"), config);
  const inside = (text: string): string =>
    text.replace("/app", app).replace("/nodejs/bin/node", process.execPath).replace("/etc/tollwarden", data);
  const [program = "", ...args] = [...(entry ?? []), ...(command ?? [])].map(inside);
  const child = spawn(program, args, { cwd: data, env: { NODE_ENV: "production", PATH: "" } });
  let printed = "";
  child.stdout.on("data", (text: Buffer) => {
    printed += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    printed += text;
  });
  try {
    await until(() => printed.includes("listening") || child.exitCode !== null, child);
    assert.equal(child.exitCode, null, printed);
    const key = /tw_\S+/.exec(printed)?.[0] ?? assert.fail(printed);
    // The image's own health check, with its own words.
    const check = steps.find(({ word }) => word === "HEALTHCHECK")?.rest ?? "";
    const [, probeArgs = "[]"] = /CMD (\[.*\])$/.exec(check) ?? [];
    const [node = "", ...rest] = (JSON.parse(probeArgs) as string[]).map((word) =>
      inside(word).replace("8403", `${port}`),
    );
    const health = await attempt(node, rest);
    assert.equal(health.status, 0, health.output);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(metrics.status, 200);
    assert.match(await metrics.text(), /^tollwarden_sample_ok 1$/m);
    assert.equal(statSync(join(data, "tollwarden.sqlite")).isFile(), true);
  } finally {
    child.kill("SIGTERM");
    await until(() => child.exitCode !== null || child.signalCode !== null, child);
  }
  assert.equal(child.exitCode, 0, printed);
});

async function until(done: () => boolean, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600 && !done(); tries++) await sleep(100);
  if (!done()) child.kill("SIGKILL");
}

test("systemd takes the unit, and counts it among the safe ones", async (t) => {
  if (probe("systemd-analyze", ["--version"]) === undefined) {
    console.error("NO SYSTEMD-ANALYZE: the unit is not verified, SKIPPED");
    return t.skip("there is no systemd-analyze here");
  }
  const unit = join(folder, "tollwarden.service");
  // The program is not installed where the unit looks for it.
  writeFileSync(unit, read("systemd/tollwarden.service").replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const { output } = await attempt("systemd-analyze", ["verify", "--man=no", unit]);
  assert.doesNotMatch(output, /tollwarden\.service/, output);
  const { status, output: judged } = await attempt("systemd-analyze", ["security", "--offline=true", unit]);
  if (status !== 0 && /unrecognized option|Failed to/.test(judged)) return t.diagnostic(judged.trim());
  const level = Number(/exposure level for \S+: ([\d.]+)/.exec(judged)?.[1]);
  t.diagnostic(`exposure ${level}`);
  assert.ok(level <= 2, judged);
});

const values = parse(read("helm/tollwarden/values.yaml")) as Record<string, unknown>;

test("the chart's values fit its schema, and what is misspelt does not", () => {
  const schema = JSON.parse(read("helm/tollwarden/values.schema.json")) as object;
  const fits = new Ajv({ strict: false }).compile(schema);
  assert.equal(fits(values), true, JSON.stringify(fits.errors));
  for (const wrong of [
    { replicas: 2 },
    { x402: { maxPerCallUsd: 0.1 } },
    { x402: { dailyLimitUsd: "5,00" } },
    { x402: { piiAction: "allow" } },
    { image: { repository: "t", digest: "sha256:abc" } },
  ]) {
    assert.equal(fits({ ...values, ...wrong }), false, JSON.stringify(wrong));
  }
});

test("the chart carries the same alert rules", () => {
  assert.equal(read("helm/tollwarden/tollwarden.rules.yml"), read("prometheus/tollwarden.rules.yml"));
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: { readonly spec: Pod };
    readonly groups?: readonly unknown[];
  };
}
interface Pod {
  readonly securityContext: object;
  readonly containers: readonly {
    readonly image: string;
    readonly securityContext: object;
    readonly resources: object;
  }[];
  readonly volumes: readonly object[];
}

test("the chart, rendered: manifests that hang together, and a policy that loads", async (t) => {
  const render = async (over: object): Promise<readonly Manifest[] | string> =>
    renderChart(join(deploy, "helm/tollwarden"), over);
  const plain = await render({});
  if (plain === "no renderer") {
    console.error("NO HELM and NO GO: the chart is not rendered, SKIPPED; its values were checked by the schema");
    return t.skip("neither helm nor go is here");
  }
  assert.ok(typeof plain !== "string", String(plain));
  const kinds = plain.map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, ["ConfigMap", "Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Service"]);
  const of = (all: readonly Manifest[], kind: string): Manifest =>
    all.find((one) => one.kind === kind) ?? assert.fail(`no ${kind}`);
  const pod = of(plain, "Deployment").spec?.template?.spec ?? assert.fail();
  assert.partialDeepStrictEqual(pod.securityContext, { runAsNonRoot: true, runAsUser: 65532 });
  assert.partialDeepStrictEqual(pod.containers[0]?.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
  });
  assert.deepEqual(pod.containers[0]?.resources, values.resources);
  const policyOf = (all: readonly Manifest[]) => readPolicy(of(all, "ConfigMap").data?.["policy.toml"] ?? "");
  assert.partialDeepStrictEqual(JSON.parse(policyOf(plain).json), { payment: { max_usd: "0.10" } });

  const x402 = {
    agentId: "researcher",
    maxPerCallUsd: "0.25",
    dailyLimitUsd: "7",
    windowSeconds: "3600",
    approveFromUsd: "0.2",
    replayTtl: "300",
    piiAction: "redact",
  };
  const full = await render({
    replicaCount: 3,
    redisUrl: "redis://redis:6379",
    x402,
    image: { repository: "r.example/t", digest: `sha256:${"a".repeat(64)}`, pullPolicy: "Always" },
    signer: { existingSecret: "wallet" },
    auditKey: { existingSecret: "log" },
    serviceMonitor: { enabled: true, interval: "15s", bearerTokenSecret: { name: "scrape", key: "token" } },
    prometheusRule: { enabled: true },
  });
  assert.ok(typeof full !== "string", String(full));
  assert.ok(full.some(({ kind }) => kind === "ServiceMonitor"));
  assert.ok(!full.some(({ kind }) => kind === "PersistentVolumeClaim"));
  assert.deepEqual(
    of(full, "PrometheusRule").spec?.groups,
    (parse(read("prometheus/tollwarden.rules.yml")) as { groups: unknown }).groups,
  );
  assert.partialDeepStrictEqual(JSON.parse(policyOf(full).json), {
    agents: { allow: ["researcher"] },
    payment: { max_usd: "0.25", approve_from_usd: "0.2" },
    budgets: [{ limit_usd: "7", window: "3600s" }],
    replay: { window: "300s" },
    privacy: { action: "redact" },
  });
  assert.equal(
    of(full, "Deployment").spec?.template?.spec.containers[0]?.image,
    `r.example/t@sha256:${"a".repeat(64)}`,
  );
  assert.match(of(full, "ConfigMap").data?.["serve.toml"] ?? "", /evm_key = "file:\/etc\/tollwarden-signer\/evm_key"/);
  assert.match(String(await render({ replicaCount: 2 })), /needs `redisUrl`/);
});
