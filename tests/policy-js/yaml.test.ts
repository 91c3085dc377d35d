/** Policies in YAML: the same as in TOML, and none of YAML's surprises. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import "../../js/core/inline.ts";
import { parseYaml } from "../../js/policy/yaml.ts";
import { readPolicy } from "../../js/policy-source.ts";
import { inFolder, refusalOf } from "./support.ts";

const yaml = (text: string): unknown => parseYaml(text, "p.yaml");
const refused = (text: string): string => refusalOf(() => parseYaml(text, "p.yaml"));

const YAML = `
# what an agent may pay
payment:
  max_usd: 1.50
  networks: [base]
budgets:
  - name: daily
    limit_usd: "5"
    window: 24h
`;
const TOML = `
[payment]
max_usd = "1.50"
networks = ["base"]
[[budgets]]
name = "daily"
limit_usd = "5"
window = "24h"
`;

test("a policy in YAML is the policy that it would be in TOML", async () => {
  await inFolder(
    { "p.yaml": YAML, "p.yml": YAML, "p.toml": TOML, "json.yaml": '{"payment":{"max_usd":"1.50"}}' },
    (at) => {
      assert.deepEqual(
        JSON.parse(readPolicy(join(at, "p.yaml")).json),
        JSON.parse(readPolicy(join(at, "p.toml")).json),
      );
      assert.equal(readPolicy(join(at, "p.yml")).json, readPolicy(join(at, "p.yaml")).json);
      assert.deepEqual(JSON.parse(readPolicy(join(at, "json.yaml")).json), { payment: { max_usd: "1.50" } });
    },
  );
});

test("scalars are what they look like", () => {
  assert.deepEqual(yaml("a: no\nb: on\nc: 09:00-17:00\nd: 1:30\ne: 2026-01-05\nf: ~\ng: true\nh: ''"), {
    a: "no",
    b: "on",
    c: "09:00-17:00",
    d: "1:30",
    e: "2026-01-05",
    f: null,
    g: true,
    h: "",
  });
});

test("figures are exact, and an address without quotes is still the address", () => {
  const address = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
  assert.deepEqual(
    yaml(`a: 1.50\nb: 0.100000000000000001\nc: 5\nd: ${address}\ne: 9007199254740993\nf: 0o17\ng: 1e3`),
    {
      a: "1.50",
      b: "0.100000000000000001",
      c: 5,
      d: address,
      e: "9007199254740993",
      f: "0o17",
      g: "1e3",
    },
  );
  for (const text of [".inf", "-.inf", ".nan", "1e400", "1_000", "+5"]) {
    const message = refusalOf(() => readPolicy({ payment: { max_usd: (yaml(`a: ${text}`) as { a: unknown }).a } }));
    assert.match(message, /max_usd/, text);
  }
});

test("a key twice, a merge key, a tag, a second document, a directive: an error with its place", () => {
  assert.match(refused("payment:\n  max_usd: 1\n  max_usd: 1000"), /^line 3, column 3: .*unique/);
  assert.match(refused("a: {b: 1, b: 2}"), /^line 1, .*unique/);
  assert.match(refused("a: 1\n---\nb: 2"), /document/);
  assert.match(refused("a: !!js/function 'x'"), /^line 1, column 4: .*tag/i);
  assert.match(refused("a: !secret x"), /tag/i);
  assert.match(refused("a: !!set {x, y}"), /tag/i);
  assert.match(refused("? [a, b]\n: 1"), /string/i);
  assert.match(refused("a: [1, 2"), /^line \d+, column \d+: /);
  assert.match(refused("a:\n\t- b"), /^line 2, column \d+: .*tab/i);
  // A merge key would bring in members that nobody sees: it is a key like any other, which the core does not know.
  assert.deepEqual(yaml("a: &x {b: 1}\nc:\n  <<: *x"), { a: { b: 1 }, c: { "<<": { b: 1 } } });
});

test("an alias may stand for a list once, and not for gigabytes", () => {
  assert.deepEqual(yaml("a: &list [x, y]\nb: *list"), { a: ["x", "y"], b: ["x", "y"] });
  const lines = ["a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]"];
  for (let n = 1; n < 10; n++)
    lines.push(
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(",")}]`,
    );
  const since = performance.now();
  assert.match(refused(lines.join("\n")), /alias/i);
  assert.ok(performance.now() - since < 2_000);
  assert.match(
    refusalOf(() => readPolicy(yaml("a: &a [*a]") as object)),
    /circular/i,
  );
});

test("prototypes are out of reach", () => {
  const read = yaml("__proto__: {polluted: 1}\nconstructor: 2") as Record<string, unknown>;
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  assert.equal(read.polluted, undefined);
});

test("without the package, the error says how to install it, and everything else works", async () => {
  // A copy of the sources where no `yaml` can be found; what is compiled already is copied as it is.
  await inFolder({ "p.yaml": YAML, "p.toml": TOML, "package.json": '{"type":"module"}' }, (at) => {
    const root = join(import.meta.dirname, "../..");
    cpSync(join(root, "js"), join(at, "js"), { recursive: true });
    cpSync(join(root, "node_modules/smol-toml"), join(at, "node_modules/smol-toml"), {
      recursive: true,
      dereference: true,
    });
    const script = (file: string) =>
      `import "./js/core/inline.ts";
       import { readPolicy } from "./js/policy-source.ts";
       try { readPolicy(${JSON.stringify(file)}); console.log("read"); } catch (error) { console.log(error.message); }`;
    const run = (file: string) =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script(file)], { cwd: at, encoding: "utf8" });
    assert.match(run("p.yaml"), /the policy p\.yaml is not valid:\n.*`npm install yaml`/);
    assert.equal(run("p.toml").trim(), "read");
    rmSync(join(at, "node_modules"), { recursive: true });
  });
});

test("the package is loaded by the first policy that needs it", () => {
  const source = readFileSync(new URL("../../js/policy/yaml.ts", import.meta.url), "utf8");
  assert.ok(!/from "yaml"|import\("yaml"\)/.test(source), "a bundler would follow an import");
});
