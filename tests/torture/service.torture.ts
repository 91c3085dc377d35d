// The decision service for long: load, against a bare HTTP echo in the same run; and a service that is killed again and again
// under it.
//
//     node tests/torture/service.torture.ts
//
// TOLLWARDEN_SERVICE_SECONDS for another length than ten minutes, TOLLWARDEN_SERVICE_KILLS for another number than 20.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, load } from "../service/load.ts";
import { start } from "../service/processes.ts";
import { spend, spending } from "../service/spending.ts";
import { callsOf } from "../service/support.ts";
import { freePort } from "../support/port.ts";

const seconds = Number(process.env.TOLLWARDEN_SERVICE_SECONDS ?? "600");
const kills = Number(process.env.TOLLWARDEN_SERVICE_KILLS ?? "20");
const folder = mkdtempSync(join(tmpdir(), "tollwarden-service-"));

function tell(name: string, { echo, decision, requests, denied }: Load): void {
  const ms = (value: number): string => value.toFixed(2);
  console.log(
    `${name}: ${requests} requests, ${denied} denied; a decision p50 ${ms(decision.p50)} ms, p99 ${ms(decision.p99)}; ` +
      `echo p50 ${ms(echo.p50)}, p99 ${ms(echo.p99)}; ratio p50 ${ms(decision.p50 / echo.p50)}, p99 ${ms(decision.p99 / echo.p99)}; ` +
      `${Math.round(decision.perSecond)} authorized and settled a second, echo ${Math.round(echo.perSecond)}`,
  );
  assert.equal(denied, 0);
}

async function killed(): Promise<void> {
  const path = join(folder, "kills.sqlite");
  const port = String(await freePort());
  const args = [path, port, "1000000"];
  let served = await start("served.ts", args);
  const { url, admin } = JSON.parse(served.line) as { url: string; admin: string };
  const { body } = await callsOf(url)(admin, "POST", "/v1/keys", {
    name: "a",
    scopes: ["evaluate", "settle"],
    agent: "a",
  });
  const seen = spending();
  let stop = false;
  const agents = Array.from({ length: 6 }, (_, n) => spend(url, body.key, `n${n}`, seen, () => stop));
  const back: number[] = [];
  for (let n = 0; n < kills; n++) {
    await sleep(500 + Math.random() * 1_000);
    await served.kill("SIGKILL");
    served = await start("served.ts", args);
    const [since, then] = [performance.now(), seen.allowed];
    while (seen.allowed === then) await sleep(2);
    back.push(performance.now() - since);
  }
  stop = true;
  await Promise.all(agents);
  const call = callsOf(url);
  const { holds } = (await call(admin, "GET", "/v1/holds?which=all")).body;
  const captured = new Set(
    holds
      .filter(({ state }: Record<string, string>) => state === "captured")
      .map(({ id }: { id: string }) => id.replace(/^.*~/, "")),
  );
  const lost = [...seen.captured].filter((id) => !captured.has(id));
  const [line] = (await call(admin, "GET", "/v1/budgets")).body.budgets;
  await served.kill("SIGTERM");
  console.log(
    `kill -9: ${kills} times; ${seen.captured.size} payments acknowledged, ${lost.length} of them lost; ${seen.away} requests denied meanwhile`,
  );
  console.log(
    `kill -9: a payment is allowed again ${Math.round(Math.max(...back))} ms at most after the service listens, ${Math.round(back.sort((a, b) => a - b)[Math.floor(back.length / 2)] ?? 0)} ms in the median`,
  );
  assert.deepEqual(lost, []);
  assert.ok(Math.round(Number(line.spent) * 100) >= seen.captured.size, "the books have all that was acknowledged");
}

try {
  await killed();
  tell("memory, one at a time", await load("memory", Math.min(seconds, 60), 1));
  tell("memory, eight at a time", await load("memory", Math.min(seconds, 60), 8));
  tell("sqlite, eight at a time", await load(join(folder, "load.sqlite"), seconds, 8));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
