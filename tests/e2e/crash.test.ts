// What was held outlives the process that held it: killed at the worst moment, restarted, or one of two on one file.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Chain, startChain } from "../../examples/localnet/chain.ts";
import { createFacilitator } from "../../examples/localnet/facilitator.ts";
import { type Seller, startSeller } from "../../examples/localnet/seller.ts";
import { offerV2 } from "../../examples/localnet/traps.ts";
import { sqliteStore, type Warden } from "../../js/index.ts";
import { daily, deniedWith, guardedAgent, moved, policyFor, spyOn, warden } from "./support.ts";

let chain: Chain;
let seller: Seller;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollwarden-e2e-"));
  chain = await startChain();
  seller = await startSeller({ chain, facilitator: createFacilitator(chain) });
});
after(async () => {
  await seller?.stop();
  await chain?.stop();
  await rm(folder, { recursive: true, force: true });
});

const policy = (limit: string): object =>
  policyFor([seller.url], { budgets: [{ name: "daily", limit_usd: limit, window: "24h" }] });

const open = async (file: string, limit: string): Promise<Warden> =>
  warden({ policy: policy(limit), store: await sqliteStore(file) });

/** Starts a child on this file; resolves with its first line. */
async function child(mode: string, file: string, limit: string) {
  const offer = offerV2(chain, { payTo: chain.accounts.seller.address });
  assert.ok(offer.kind === "v2");
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const args = [script, mode, file, JSON.stringify(policy(limit)), `${seller.url}/weather`];
  const running = spawn(process.execPath, [...args, JSON.stringify(offer.required)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await Promise.race([once(running.stdout, "data"), once(running, "exit").then(() => [""])])) as [
    unknown,
  ];
  return { running, line: String(line).trim() };
}

for (const [mode, freed] of [
  ["hold", true],
  ["ticket", false],
] as const) {
  test(`a process that is killed after its ${mode} leaves the money counted`, async () => {
    const file = join(folder, `${mode}.sqlite`);
    const { running, line } = await child(mode, file, "0.02");
    assert.equal(line, "ready");
    const gone = once(running, "exit");
    running.kill("SIGKILL");
    await gone;

    const w = await open(file, "0.02");
    const spy = spyOn(chain.accounts.agent.account);
    const pay = guardedAgent(chain, w, { account: spy.account });
    assert.deepEqual(await daily(w), { held: "0.01", spent: "0" });
    // One more fits beside it; a second one does not.
    const changes = await moved(chain, async () => {
      assert.equal((await pay(`${seller.url}/weather`)).status, 200);
      await deniedWith("budget_exceeded", pay(`${seller.url}/weather`));
    });
    assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
    assert.equal(spy.signed.length, 1);
    // Nobody can have signed for a hold without a ticket, and the word of whoever took over is enough. With one, not.
    const outcome = await w.settle(`child-${mode}`, { outcome: "failed" });
    assert.equal(outcome.state, freed ? "voided" : "unknown");
    assert.deepEqual(await daily(w), { held: freed ? "0" : "0.01", spent: "0.01" });
    await w.close();

    // And a later process finds the books as this one left them.
    const again = await open(file, "0.02");
    assert.deepEqual(await daily(again), { held: freed ? "0" : "0.01", spent: "0.01" });
    await again.close();
  });
}

test("a restart forgets nothing that was spent", async () => {
  const file = join(folder, "restart.sqlite");
  for (const run of [1, 2, 3]) {
    const w = await open(file, "0.03");
    const changes = await moved(chain, () => guardedAgent(chain, w)(`${seller.url}/weather`));
    assert.deepEqual(changes, { agent: -10_000n, seller: 10_000n });
    assert.deepEqual(await daily(w), { held: "0", spent: `0.0${run}` });
    await w.close();
  }
  const w = await open(file, "0.03");
  const spy = spyOn(chain.accounts.agent.account);
  await deniedWith("budget_exceeded", guardedAgent(chain, w, { account: spy.account })(`${seller.url}/weather`));
  assert.deepEqual(spy.signed, []);
  await w.close();
});

test("two processes on one file spend the budget once", async () => {
  const file = join(folder, "shared.sqlite");
  const both = await Promise.all([child("spend", file, "0.3"), child("spend", file, "0.3")]);
  const said = await Promise.all(
    both.map(async ({ running, line }) => {
      assert.equal(line, "ready");
      running.stdin.write("go\n");
      const [text] = await once(running.stdout, "data");
      return JSON.parse(String(text)) as { readonly done: number; readonly reason: string };
    }),
  );
  assert.deepEqual(
    said.map(({ reason }) => reason),
    ["budget_exceeded", "budget_exceeded"],
  );
  const [one = 0, two = 0] = said.map(({ done }) => done);
  assert.equal(one + two, 30, JSON.stringify(said));
  const w = await open(file, "0.3");
  assert.deepEqual(await daily(w), { held: "0", spent: "0.3" });
  await w.close();
});

test("two agents that share a file pay no more than the budget between them", async () => {
  const file = join(folder, "agents.sqlite");
  const [one, two] = [await open(file, "0.05"), await open(file, "0.05")];
  const pays = [guardedAgent(chain, one), guardedAgent(chain, two)];
  const changes = await moved(chain, async () => {
    const tries = Array.from({ length: 12 }, (_, i) => pays[i % 2]?.(`${seller.url}/weather`));
    const results = await Promise.allSettled(tries);
    const paid = results.filter((result) => result.status === "fulfilled");
    assert.equal(paid.length, 5);
    for (const result of results) {
      if (result.status === "rejected") await deniedWith("budget_exceeded", Promise.reject(result.reason));
    }
  });
  assert.deepEqual(changes, { agent: -50_000n, seller: 50_000n });
  await one.close();
  await two.close();
});

test("a warden that was closed pays nothing", async () => {
  const w = await open(join(folder, "closed.sqlite"), "1");
  const spy = spyOn(chain.accounts.agent.account);
  const pay = guardedAgent(chain, w, { account: spy.account });
  await w.close();
  await deniedWith("store_unavailable", pay(`${seller.url}/weather`));
  assert.deepEqual(spy.signed, []);
});
