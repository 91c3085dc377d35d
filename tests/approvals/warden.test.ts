/** The wrapper: waiting, answering from elsewhere, and leaving nothing behind. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openApprovals } from "../../js/approvals/index.ts";
import {
  ApprovalRequired,
  memoryStore,
  PaymentDenied,
  type Store,
  sqliteStore,
  WardenUnavailable,
} from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { type Redis, startRedis } from "../support/redis.ts";
import { inRedis, openPlace, type Place } from "../torture/place.ts";
import { skipOf } from "../torture/servers.ts";
import { NEEDS_PEOPLE, opened, pay, seller, settled, timers, URL_ } from "./support.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PaymentDenied || error instanceof WardenUnavailable) return error.code;
    throw error;
  }
  return assert.fail("it went through");
}

/** Waits until it is so. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, "it never came to be");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe("the guarded fetch", () => {
  test("without a wait it says who has to approve, and the same call later goes on with the same question", async () => {
    const { warden, control } = await opened();
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const error = await paying(URL_).then(
      () => assert.fail(),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApprovalRequired);
    const again = await paying(URL_).then(
      () => assert.fail(),
      (reason: unknown) => reason,
    );
    assert.ok(again instanceof ApprovalRequired);
    assert.equal(again.id, error.id);
    assert.ok(Date.parse(error.expiresAt ?? "") > Date.now());
    assert.equal((await control.approvals.pending()).length, 1);
    assert.equal((await control.approve(error.id, "alice")).ok, true);
    assert.equal(await (await paying(URL_)).text(), "sunny");
    assert.equal(shop.paid(), 1);
    // Used once: the next is another question.
    assert.equal(await codeOf(paying(URL_)), "approval_required");
    assert.equal(shop.paid(), 1);
  });

  test("it waits, is approved in between, and pays; the time from answer to release", async (t) => {
    const { warden, control } = await opened({ approvalWaitMs: 20_000 });
    const shop = seller();
    let reached = 0;
    const timed = (request: never) => {
      reached = performance.now();
      return pay(request);
    };
    const paying = warden.payingFetch({ pay: timed as never, fetch: shop.fetch });
    const took: number[] = [];
    for (let n = 0; n < 9; n++) {
      const call = paying(`${URL_}?${n}`);
      await until(async () => (await control.approvals.pending()).length === 1);
      const [view] = await control.approvals.pending();
      const since = performance.now();
      await control.approve(view?.id ?? "", "alice");
      assert.equal((await call).status, 200);
      took.push(reached - since);
    }
    t.diagnostic(`in-process, from the approval to the signer: ${median(took)} ms in the middle`);
    assert.equal(shop.paid(), 9);
  });

  test("a refusal ends the wait, and stands for the same call for as long as the question would have", async () => {
    const { warden, control } = await opened({ approvalWaitMs: 20_000 });
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const call = codeOf(paying(URL_));
    await until(async () => (await control.approvals.pending()).length === 1);
    const [view] = await control.approvals.pending();
    await control.reject(view?.id ?? "", "alice", { note: "not today" });
    assert.equal(await call, "approval_rejected");
    assert.equal(await codeOf(paying(URL_)), "approval_rejected");
    assert.equal(shop.paid(), 0);
  });

  test("the wait ends by its own time, by the question's, and by the caller's signal", async () => {
    const { warden, control } = await opened({ approvalWaitMs: 30 });
    const shop = seller();
    assert.equal(await codeOf(warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)), "approval_required");
    const policy = { ...NEEDS_PEOPLE, approvals: { timeout: "1s" } };
    const short = await opened({ policy, approvalWaitMs: 60_000 });
    const expired = short.warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    assert.equal(await codeOf(expired(URL_)), "approval_expired");
    const long = await opened({ approvalWaitMs: 60_000 });
    const stop = new AbortController();
    const call = long.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_, { signal: stop.signal });
    await until(async () => (await long.control.approvals.pending()).length === 1);
    stop.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    assert.equal(shop.paid(), 0);
    assert.equal((await control.approvals.list()).length, 1);
  });

  test("two calls that wait for one answer: it is good for one of them", async () => {
    const { warden, control } = await opened({ approvalWaitMs: 20_000 });
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const calls = [paying(URL_), paying(URL_)];
    await until(async () => (await control.approvals.pending()).length === 1);
    await control.approvals.approveAll();
    await Promise.race(calls);
    // The other asks anew.
    await until(async () => (await control.approvals.pending()).length === 1);
    assert.equal(shop.paid(), 1);
    await control.approvals.approveAll();
    await Promise.all(calls);
    assert.equal(shop.paid(), 2);
  });

  test("approve, then change: what is offered afterwards is another question", async () => {
    const many = { ...NEEDS_PEOPLE, approvals: { max_prompts_per_agent: 50 } };
    const { warden, control } = await opened({ policy: many });
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const attacker = { ...(offer() as { accepts: object[] }) };
    const [entry] = attacker.accepts;
    const changed = [
      offer("20000"),
      { ...attacker, accepts: [{ ...entry, payTo: "0x3333333333333333333333333333333333333333" }] },
    ];
    for (const [n, other] of changed.entries()) {
      const url = `${URL_}?${n}`;
      shop.offer = offer();
      await codeOf(paying(url));
      await control.approvals.approveAll();
      shop.offer = other;
      assert.equal(await codeOf(paying(url)), "approval_required");
      assert.equal(shop.paid(), n);
      // What was approved is still approved, and nothing else.
      shop.offer = offer();
      await paying(url);
    }
    await codeOf(paying(`${URL_}?policy`));
    await control.approvals.approveAll();
    await control.reload({ ...many, version: 2 });
    assert.equal(await codeOf(paying(`${URL_}?policy`)), "approval_required");
    assert.equal(shop.paid(), 2);
  });
});

describe("onApproval", () => {
  test("an answer that is given back counts, and the payment goes through", async () => {
    const shown: string[] = [];
    const { warden } = await opened({
      onApproval: async ({ id, payment }) => {
        shown.push(`${payment.usd} to ${payment.payee.slice(0, 4)}`);
        assert.ok(id.length > 0);
        return { approver: "alice", approved: true };
      },
    });
    const shop = seller();
    assert.equal((await warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)).status, 200);
    assert.deepEqual(shown, ["0.01 to 0x11"]);
    assert.equal((await warden.authorize({ url: URL_, offer: offer() })).action, "allow");
  });

  test("nothing but true and false is an answer", async () => {
    for (const approved of ["false", "true", 1, 0, null, {}, undefined]) {
      const { warden } = await opened({ onApproval: () => ({ approver: "alice", approved }) as never });
      const shop = seller();
      const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
      assert.equal(await codeOf(paying(URL_)), "approval_not_sent", String(approved));
      assert.equal(shop.paid(), 0);
    }
  });

  test("where nobody could be told, it says so; one who was told is enough", async () => {
    const broken = () => Promise.reject(new Error("the mail server is down"));
    const alone = await opened({ onApproval: broken });
    const shop = seller();
    const error = await alone.warden.authorize({ url: URL_, offer: offer() }).then(
      () => assert.fail(),
      (why: unknown) => why,
    );
    assert.match(String(error), /nobody could be asked about payment .*: the mail server is down/);
    const two = await opened({ onApproval: [broken, () => ({ approver: "alice", approved: true })] });
    assert.equal((await two.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)).status, 200);
  });

  test("an answer may come from anywhere: in the callback's own time, from another thread of work", async () => {
    const { warden } = await opened({
      onApproval: ({ id, digest }, { approvals }) => {
        setTimeout(() => void approvals.approve(id, "alice", { digest }), 5);
      },
    });
    const shop = seller();
    assert.equal((await warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)).status, 200);
  });
});

describe("1,000 requests at once", () => {
  test("as many questions as the policy allows, the rest denied, and nothing left behind", async () => {
    const policy = { ...NEEDS_PEOPLE, approvals: { max_prompts_per_agent: 7 } };
    const before = timers();
    let told = 0;
    const { warden, control, store } = await opened({
      policy,
      approvalWaitMs: 60_000,
      onApproval: () => {
        told += 1;
      },
    });
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const calls = Array.from({ length: 1_000 }, (_, n) =>
      paying(`${URL_}?${n}`).then(
        () => "paid",
        (error: unknown) => (error instanceof PaymentDenied ? error.code : String(error)),
      ),
    );
    await until(async () => told === 7);
    assert.equal((await control.approvals.pending()).length, 7);
    assert.equal(await control.approvals.approveAll(), 7);
    const ends = await Promise.all(calls);
    assert.deepEqual(
      [ends.filter((end) => end === "paid").length, ends.filter((end) => end === "too_many_prompts").length],
      [7, 993],
    );
    assert.equal(shop.paid(), 7);
    const budgets = await warden.budgets();
    assert.deepEqual([budgets[0]?.held, budgets[0]?.spent], ["0", "0.07"]);
    await settled();
    assert.equal(timers(), before);
    await store.close();
  });

  test("hundreds that wait share one watcher and one timer, which go when the last has gone", async () => {
    const inner = memoryStore();
    let watching = 0;
    const store: Store = {
      ...inner,
      watch: (key, changed) => {
        watching += 1;
        const stop = inner.watch(key, changed);
        return () => {
          watching -= 1;
          stop();
        };
      },
    };
    const before = timers();
    const policy = { ...NEEDS_PEOPLE, approvals: { max_prompts_per_agent: 1_000, max_prompts_per_approver: 1_000 } };
    const { warden, control } = await opened({ policy, store, approvalWaitMs: 60_000 });
    const shop = seller();
    const paying = warden.payingFetch({ pay: pay as never, fetch: shop.fetch });
    const stop = new AbortController();
    const calls = Array.from({ length: 300 }, (_, n) =>
      paying(`${URL_}?${n}`, { signal: stop.signal }).catch(() => "stopped"),
    );
    await until(async () => (await control.approvals.pending()).length === 300);
    assert.equal(watching, 1);
    stop.abort();
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["stopped"]));
    await settled();
    assert.deepEqual([watching, timers()], [0, before]);
  });
});

/** A store that several processes share: how to open it, here and in a child. Others are added as they come. */
interface Shared {
  readonly name: string;
  readonly arguments: (folder: string) => readonly string[];
  readonly open: (folder: string) => Promise<Store>;
  readonly skip?: string | false;
}

let redis: Redis | undefined;
before(async () => {
  if (skipOf("redis") === false) redis = await startRedis();
});
after(() => redis?.stop());
const inServer = (folder: string): Place => inRedis(redis?.url ?? "")(basename(folder));

const SHARED: readonly Shared[] = [
  {
    name: "sqlite",
    arguments: (folder) => ["sqlite", join(folder, "ledger.sqlite")],
    open: (folder) => sqliteStore(join(folder, "ledger.sqlite")),
  },
  {
    name: "redis",
    arguments: (folder) => ["redis", JSON.stringify(inServer(folder))],
    open: (folder) => openPlace(inServer(folder)),
    skip: skipOf("redis"),
  },
];

for (const shared of SHARED) {
  test(`${shared.name}: an approval given in one process releases an agent that waits in another`, {
    skip: shared.skip ?? false,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "tollwarden-approvals-"));
    const store = await shared.open(folder);
    const desk = openApprovals({ store });
    const agent = spawn(process.execPath, [
      fileURLToPath(new URL("agent-child.ts", import.meta.url)),
      ...shared.arguments(folder),
      "7",
    ]);
    const lines: { readonly text: string; readonly at: number }[] = [];
    agent.stdout.on("data", (part: Buffer) => {
      for (const text of part.toString().trim().split("\n")) lines.push({ text, at: performance.now() });
    });
    let problem = "";
    agent.stderr.on("data", (part: Buffer) => {
      problem += part.toString();
    });
    const ended = new Promise((resolve) => agent.once("close", resolve));
    const took: number[] = [];
    try {
      for (let n = 0; n < 7; n++) {
        await until(async () => {
          assert.equal(agent.exitCode, null, problem);
          return (await desk.approvals.pending()).length === 1;
        });
        const [view] = await desk.approvals.pending();
        const since = performance.now();
        assert.equal((await desk.approve(view?.id ?? "", "alice", { digest: view?.digest ?? "" })).ok, true);
        await until(() => lines.length > n);
        assert.equal(lines[n]?.text, `paid ${n}`, problem);
        took.push((lines[n]?.at ?? 0) - since);
      }
      assert.equal(await ended, 0, problem);
    } finally {
      agent.kill();
      await ended;
      await desk.close();
      rmSync(folder, { recursive: true, force: true });
    }
    t.diagnostic(
      `${shared.name}, across processes, from approval to the paid answer: ${median(took)} ms in the middle`,
    );
  });

  test(`${shared.name}: an agent that was asked to wait resumes in another process, by the same call`, {
    skip: shared.skip ?? false,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollwarden-approvals-"));
    try {
      const shop = seller();
      const first = await opened({ store: await shared.open(folder) });
      assert.equal(
        await codeOf(first.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)),
        "approval_required",
      );
      await first.warden.close();
      const desk = openApprovals({ store: await shared.open(folder) });
      assert.equal(await desk.approvals.approveAll(), 1);
      await desk.close();
      const second = await opened({ store: await shared.open(folder) });
      assert.equal((await second.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)).status, 200);
      assert.equal(shop.paid(), 1);
      // Frozen from a process that knows no policy.
      const switchboard = openApprovals({ store: await shared.open(folder) });
      await switchboard.freeze("odd", { agent: "bot" });
      await switchboard.close();
      assert.equal(
        await codeOf(second.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)),
        "agent_paused",
      );
      await second.warden.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("a secret that the policy names and that is not there stops the warden, and is in no message", async () => {
  const approvals = { approvers: ["ci"], keys: [{ approver: "ci", hmac: "env:TOLLWARDEN_NO_SUCH" }] };
  const policy = { ...NEEDS_PEOPLE, approvals };
  await assert.rejects(opened({ policy }), /there is no secret under `env:TOLLWARDEN_NO_SUCH`/);
  await assert.rejects(opened({ policy, secrets: () => "hunter2" }), (error: Error) => {
    assert.match(error.message, /has 7 bytes, and 16 are the least/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  const { warden } = await opened({
    policy,
    secrets: (reference) => (reference === "env:TOLLWARDEN_NO_SUCH" ? "0123456789abcdef" : undefined),
  });
  assert.equal((await warden.authorize({ url: URL_, offer: offer() })).action, "require_approval");
});

function median(numbers: readonly number[]): string {
  return ([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0).toFixed(1);
}
