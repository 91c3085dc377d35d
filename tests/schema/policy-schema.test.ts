/** The published JSON Schema: every member is described, every good policy is accepted, every misshapen one refused. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv2020, type AnySchema } from "ajv/dist/2020.js";
import { parse as parseToml } from "smol-toml";
import { policyErrors } from "../../js/core/check.ts";
import "../../js/core/inline.ts";
import { readPolicyFile } from "../../js/policy-source.ts";
import { readCases, vectorFiles } from "../support/vectors.ts";

type Node = Readonly<Record<string, unknown>>;

const root = new URL("../../", import.meta.url);
const schema = JSON.parse(readFileSync(new URL("policy.schema.json", root), "utf8")) as Node;
// `uint64` is a word of the generator's; the validator only has to know that it is one.
const validate = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  allErrors: true,
  formats: { uint64: true },
}).compile(schema as AnySchema);

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The places of all members, and of all definitions, that say nothing of themselves. */
function undescribed(node: unknown, path: string): readonly string[] {
  if (Array.isArray(node)) return node.flatMap((item, index) => undescribed(item, `${path}/${index}`));
  if (!isNode(node)) return [];
  const found: string[] = [];
  for (const [key, member] of Object.entries(node)) {
    if ((key === "properties" || key === "$defs") && isNode(member)) {
      for (const [name, property] of Object.entries(member)) {
        const text = isNode(property) ? property.description : undefined;
        if (typeof text !== "string" || text.trim().length < 4) found.push(`${path}/${key}/${name}`);
      }
    }
    found.push(...undescribed(member, `${path}/${key}`));
  }
  return found;
}

function count(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, item) => sum + count(item), 0);
  if (!isNode(node)) return 0;
  const own = isNode(node.properties) ? Object.keys(node.properties).length : 0;
  return own + Object.values(node).reduce<number>((sum, member) => sum + count(member), 0);
}

test("every member has a description", () => {
  assert.deepEqual(undescribed(schema, ""), []);
  assert.ok(count(schema) > 90, `${count(schema)} members`);
});

test("a member without a description is found, wherever it is", () => {
  const places: (readonly string[])[] = [];
  const collect = (node: unknown, path: readonly string[]): void => {
    if (!isNode(node)) return;
    if (isNode(node.properties))
      for (const name of Object.keys(node.properties)) places.push([...path, "properties", name]);
    for (const [key, member] of Object.entries(node)) collect(member, [...path, key]);
  };
  collect(schema, []);
  assert.equal(places.length, count(schema));
  for (const place of places) {
    const copy = structuredClone(schema) as Record<string, unknown>;
    const node = place.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
    for (const text of [undefined, "", " "]) {
      if (text === undefined) delete node.description;
      else node.description = text;
      assert.deepEqual(undescribed(copy, ""), [`/${place.join("/")}`]);
    }
  }
});

const taken = (document: unknown): boolean => policyErrors(JSON.stringify(document)).length === 0;
const accepted = (document: unknown): string => (validate(document) ? "" : JSON.stringify(validate.errors));

test("every policy of the vectors that the core takes is accepted", () => {
  let policies = 0;
  for (const file of vectorFiles) {
    for (const { note, policy, wantErrors } of readCases(file)) {
      if (wantErrors !== undefined) continue;
      assert.equal(accepted(JSON.parse(policy)), "", `${file}: ${note}`);
      policies += 1;
    }
  }
  assert.ok(policies > 50, `${policies}`);
});

test("every policy of the vectors that is misshapen is refused", () => {
  let refused = 0;
  for (const file of vectorFiles) {
    for (const { note, policy, wantErrors } of readCases(file)) {
      if (wantErrors === undefined) continue;
      const errors = policyErrors(policy);
      // What else can be wrong no schema can say: what a name means, what stands beside what, what bounds nothing.
      const shape =
        /^unknown key|` is missing$|^expected (one of|a list|a table|a text|a whole number|true|US dollars)/;
      if (!errors.some(({ message }) => shape.test(message))) continue;
      assert.notEqual(accepted(JSON.parse(policy)), "", `${file}: ${note}`);
      refused += 1;
    }
  }
  assert.ok(refused >= 5, `${refused}`);
});

const WHEN = {
  agents: ["a*"],
  clients: ["c"],
  vendors: ["*.example.com"],
  payees: [`0x${"1".repeat(40)}`],
  networks: ["base"],
  assets: ["base/0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"],
  schemes: ["exact"],
  methods: ["POST"],
  min_usd: "0.1",
  max_usd: 0.5,
  first_payment: true,
  min_risk: "low",
  hours: ["22:00-06:00"],
  days: ["mon"],
  time_zone: "UTC",
};
/** A policy that has every member that there is. */
const WHOLE = {
  name: "all",
  version: 3,
  origins: ["http://127.0.0.1:4021"],
  unmatched: "allow",
  payment: {
    max_usd: "1.50",
    max_first_usd: 1,
    approve_from_usd: "$0.25",
    max_lifetime_seconds: 60,
    networks: ["base"],
    block_networks: ["polygon"],
    assets: ["base/0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"],
    schemes: ["exact", "upto"],
    flows: ["authorization"],
  },
  vendors: { allow: ["example.com"], block: ["evil.com"] },
  payees: { allow: [`0x${"1".repeat(40)}`], block: [`base/0x${"2".repeat(40)}`], pin: "warn" },
  agents: { allow: ["*"], block: ["b"] },
  clients: { allow: ["*"], block: ["b"] },
  assets: [{ network: "base", address: `0x${"9".repeat(40)}`, decimals: 6, symbol: "X", usd: 1.08 }],
  budgets: [
    { name: "daily", limit_usd: "5", approve_from_usd: 2, window: "day", time_zone: "UTC", per: "agent", when: WHEN },
    { name: "units", limit_amount: "5", asset: `base/0x${"9".repeat(40)}`, window: "1h30m", per: ["payee", "network"] },
  ],
  rates: [
    { name: "calm", max: 3, window: "week", time_zone: "UTC", min_gap: "1s", per: "all", then: "delay", when: WHEN },
  ],
  schedule: { hours: ["09:00-17:30"], days: ["tue"], time_zone: "UTC" },
  counterparty: {
    allow_contracts: true,
    require_verified: false,
    min_wallet_age_days: 1,
    min_prior_payments: 1,
    max_risk: "medium",
    on_missing: "deny",
  },
  prices: { max_drift_percent: 12.5, then: "approve", agreed: [{ vendor: "example.com/a", usd: "0.01" }] },
  rules: [{ name: "rule", when: WHEN, then: "flag", enabled: true }],
  approvals: { threshold: 1, approvers: ["ann"] },
  replay: { window: "24h", mode: "strict" },
  breaker: { failure_threshold: 5, recovery_timeout: "30s" },
  privacy: {
    action: "redact",
    headers: ["x-user"],
    rules: [{ entities: ["US_SSN", "X_STAFF_ID"], places: ["query"], then: "block" }],
  },
};

/** Every place of a value, as a path of keys. */
function places(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const members: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isNode(value)
      ? Object.entries(value)
      : [];
  return [path, ...members.flatMap(([key, member]) => places(member, [...path, key]))];
}

function changed(
  path: readonly (string | number)[],
  change: (at: Record<string | number, unknown>, key: string | number) => void,
): unknown {
  const copy = { document: structuredClone(WHOLE) as unknown };
  const whole = ["document", ...path];
  const key = whole.pop() ?? "document";
  const parent = whole.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], copy);
  change(parent as Record<string | number, unknown>, key);
  return copy.document;
}

test("a policy with every member is good, and any member of another kind is refused by both", () => {
  assert.equal(accepted(WHOLE), "");
  assert.ok(taken(WHOLE));
  const described = new Set(places(WHOLE).map((path) => path.filter((step) => typeof step === "string").join(".")));
  const sections = Object.keys(schema.properties as Node).filter((name) => name !== "extends" && name !== "zones");
  assert.deepEqual(
    sections.filter((name) => !described.has(name)),
    [],
  );

  let [both, coreAlone] = [0, 0];
  for (const path of places(WHOLE)) {
    for (const wrong of [null, true, -1, 1.5, "?!", "", [], {}, [[]], [null], { unknown: 1 }]) {
      const document = changed(path, (at, key) => {
        at[key] = wrong;
      });
      const told = `${path.join(".")} = ${JSON.stringify(wrong)}`;
      const [good, shapely] = [taken(document), accepted(document) === ""];
      // The schema is never stricter than the core; and whatever is of another kind, both refuse.
      if (good) assert.ok(shapely, `${told}: ${accepted(document)}`);
      const was = path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], WHOLE);
      const kind = (value: unknown): string => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);
      const words = ["per", "max_drift_percent"].includes(String(path.findLast((step) => typeof step === "string")));
      const figure = typeof was === "number" || /^[$0-9.]+$/.test(String(was)) || words;
      if (kind(wrong) !== kind(was) && !(figure && ["string", "number", "list"].includes(kind(wrong)))) {
        assert.ok(!good && !shapely, told);
        both += 1;
      } else if (!good && shapely) coreAlone += 1;
    }
  }
  assert.ok(both > 1_000 && coreAlone < both / 2, `${both}, ${coreAlone}`);
});

test("a key that is not known, and a member that has to be there, in any section", () => {
  for (const path of places(WHOLE)) {
    const was = path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], WHOLE);
    if (!isNode(was)) continue;
    const more = changed(path, (at, key) => {
      at[key] = { ...was, max_uds: 1 };
    });
    assert.ok(!taken(more) && accepted(more) !== "", path.join("."));
    for (const member of Object.keys(was)) {
      const { [member]: _, ...rest } = was;
      const less = changed(path, (at, key) => {
        at[key] = rest;
      });
      const errors = policyErrors(JSON.stringify(less));
      const missing = errors.some(({ message }) => message === `\`${member}\` is missing`);
      assert.equal(accepted(less) !== "", missing, `${path.join(".")} without ${member}`);
    }
  }
});

/** The TOML of documents that begins a policy. */
function policiesIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
}

test("every policy of the examples and of the documents is accepted", () => {
  const below = ["examples", "docs"].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const files = ["README.md", ...below];
  let policies = 0;
  for (const name of files) {
    const path = fileURLToPath(new URL(name, root));
    if (/policy[^/]*\.(toml|ya?ml|json)$/.test(name) && !name.endsWith(".schema.json")) {
      assert.equal(accepted(JSON.parse(readPolicyFile(path).json)), "", name);
      policies += 1;
    }
    for (const text of name.endsWith(".md") ? policiesIn(readFileSync(path, "utf8")) : []) {
      assert.equal(accepted(JSON.parse(JSON.stringify(parseToml(text)))), "", `${name}:\n${text}`);
      policies += 1;
    }
  }
  assert.ok(policies > 3, `${policies}`);
});

test("what only files and the wrapper write is in it", () => {
  assert.equal(accepted({ extends: "company.toml" }), "");
  assert.equal(accepted({ extends: ["a.toml", "b.toml"] }), "");
  assert.notEqual(accepted({ extends: 5 }), "");
  assert.equal(accepted({ zones: { "Europe/Berlin": { until: 5, offsets: [[0, 60]] } } }), "");
  assert.notEqual(accepted({ zones: { "Europe/Berlin": { until: 5, offsets: [] } } }), "");
  assert.equal((schema as { title?: string }).title, "tollwarden policy");
});
