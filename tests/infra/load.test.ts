import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadCore } from "../../js/core/inline.ts";
import { pathsIn } from "../../pkg-scripts/lib/remap.mjs";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url));

test("the core loads synchronously, and once", () => {
  const core = loadCore();
  assert.equal(loadCore(), core);
  assert.equal(core.coreVersion(), JSON.parse(file("package.json").toString()).version);
});

// Each in a process of its own: bindings take a module but once.
for (const hidden of [[], ["Uint8Array.fromBase64"], ["Uint8Array.fromBase64", "Buffer"]]) {
  test(`the module is decoded without ${hidden.join(" and ") || "hiding anything"}`, () => {
    const script = [
      ...hidden.map((name) => `globalThis.${name} = undefined;`),
      `const { loadCore } = await import(${JSON.stringify(new URL("../../js/core/inline.ts", import.meta.url).href)});`,
      "console.log(loadCore().coreVersion());",
    ].join("\n");
    const child = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
    assert.equal(child.stderr, "");
    assert.equal(child.stdout.trim(), loadCore().coreVersion());
  });
}

test("the module holds no path of the machine that built it", () => {
  assert.deepEqual(pathsIn(file("js/core/generated/core.wasm")), []);
  assert.doesNotMatch(file("js/core/generated/core.wasm").toString("latin1"), /\/home\/|\/root\/|registry\/src/);
});

test("a path of the machine would be seen", () => {
  assert.equal(pathsIn(Buffer.from(`x${import.meta.dirname}/y`)).length > 0, true);
});
