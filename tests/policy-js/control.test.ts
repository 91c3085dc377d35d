/** What loosens is not on the warden; and a policy that is reloaded decides the next payment, with all history. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { breakerOf } from "../../js/control.ts";
import {
  type Control,
  memoryStore,
  openWarden,
  openWardenWithControl,
  PolicyInvalid,
  type Store,
  sqliteStore,
  type Warden,
  watchPolicy,
} from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { inFolder } from "./support.ts";

const URL = "https://api.example.com/x";

const policyOf = (limit: string, more: object = {}): object => ({
  payment: { max_usd: "1" },
  budgets: [{ name: "daily", limit_usd: limit, window: "24h", per: "agent", ...more }],
});

async function opened(policy: object, store: Store = memoryStore()): Promise<{ warden: Warden; control: Control }> {
  return openWardenWithControl({ policy, store, agent: "a" });
}

const pay = (warden: Warden, path = "") => warden.authorize({ url: `${URL}${path}`, offer: offer() });

async function invalid(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PolicyInvalid, String(error));
  return error.message;
}

test("a warden has nothing that loosens; the control has", async () => {
  const { warden, control } = await opened({ payment: { max_usd: "1", approve_from_usd: "0.01" } });
  for (const verb of ["approve", "reject", "unfreeze", "reconcile", "refund", "reload", "control"]) {
    assert.equal(verb in warden, false, verb);
    assert.equal(verb in warden.scoped({ session: "s" }), false, verb);
  }
  const request = { id: "p", url: URL, offer: offer() };
  assert.equal((await warden.authorize(request)).action, "require_approval");
  assert.equal((await control.approve("p", "alice")).ok, true);
  assert.equal((await warden.authorize(request)).action, "allow");
  await warden.freeze("stop");
  assert.equal((await warden.authorize({ ...request, id: "q" })).reason, "frozen");
  await control.unfreeze();
  assert.equal((await warden.authorize({ ...request, id: "r" })).action, "require_approval");
  assert.equal((await control.reject("r", "bob")).ok, true);
  assert.equal((await warden.authorize({ ...request, id: "r" })).reason, "approval_rejected");
  const alone = await openWarden({ policy: policyOf("1"), store: memoryStore() });
  assert.equal("approve" in alone, false);
});

const folder = mkdtempSync(join(tmpdir(), "tollwarden-control-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let drawn = 0;

for (const [name, store] of [
  ["memory", async () => memoryStore()],
  ["SQLite", () => sqliteStore(join(folder, `${drawn++}.sqlite`))],
] as const) {
  test(`${name}: a reload takes effect at once, and keeps what was spent`, async () => {
    const { warden, control } = await opened(policyOf("0.05"), await store());
    const scoped = warden.scoped({ session: "s" });
    for (let n = 0; n < 3; n++) assert.equal((await pay(warden, `/${n}`)).action, "allow");
    const before = warden.policy.hash;
    const after = await control.reload(policyOf("0.03"));
    assert.notEqual(after.hash, before);
    for (const seen of [warden.policy, scoped.policy, control.policy]) assert.equal(seen.hash, after.hash);
    assert.equal((await pay(warden, "/3")).reason, "budget_exceeded");
    assert.equal((await pay(scoped, "/3")).reason, "budget_exceeded");
    const [line] = await warden.budgets();
    assert.deepEqual([line?.limit, line?.held, line?.available], ["0.03", "0.03", "0"]);
    await control.reload(policyOf("0.04"));
    assert.equal((await pay(warden, "/3")).action, "allow");
    assert.equal((await pay(warden, "/4")).reason, "budget_exceeded");
    await warden.close();
  });

  test(`${name}: one that is broken, or would forget what was spent, is refused, and the last good one goes on`, async () => {
    const { warden, control } = await opened(policyOf("0.02"), await store());
    await pay(warden, "/0");
    const { hash } = warden.policy;
    assert.match(await invalid(control.reload({ payment: { max_uds: "9" } })), /max_uds.*did you mean `max_usd`/);
    assert.match(await invalid(control.reload("nowhere.toml")), /ENOENT/);
    for (const more of [{ window: "48h" }, { per: "all" }, { window: "day", time_zone: "Europe/Berlin" }]) {
      const message = await invalid(control.reload(policyOf("9", more)));
      assert.match(message, /budgets: `daily` counts by another window, unit or key now/);
    }
    assert.equal(warden.policy.hash, hash);
    assert.equal((await pay(warden, "/1")).action, "allow");
    assert.equal((await pay(warden, "/2")).reason, "budget_exceeded");
    // Under another name it is another budget, which begins with nothing.
    await control.reload({ ...policyOf("0.01", { name: "other", window: "48h" }) });
    assert.equal((await pay(warden, "/3")).action, "allow");
    assert.equal((await pay(warden, "/4")).reason, "budget_exceeded");
    await warden.close();
  });
}

test("the history that only the store has is seen: a warden that has read nothing yet can't forget it", async () => {
  const store = memoryStore();
  const first = await opened(policyOf("0.02"), store);
  await pay(first.warden, "/0");
  const second = await opened(policyOf("0.02"), store);
  assert.match(
    await invalid(second.control.reload(policyOf("9", { window: "48h" }))),
    /`daily` counts by another window/,
  );
});

test("a gap whose key changes would forget the latest payment", async () => {
  const rate = (per: string): object => ({ payment: { max_usd: "1" }, rates: [{ name: "calm", min_gap: "1h", per }] });
  const { warden, control } = await opened(rate("agent"));
  assert.equal((await pay(warden)).action, "allow");
  assert.match(await invalid(control.reload(rate("vendor"))), /rates: `calm` counts by another/);
  assert.equal((await pay(warden)).reason, "rate_exceeded");
});

test("the breaker goes by the new figures, from where it stands", async () => {
  const policy = (failure_threshold: number): object => ({ payment: { max_usd: "1" }, breaker: { failure_threshold } });
  const { warden, control } = await opened(policy(3));
  const breaker = breakerOf(warden.policy, () => 1_000);
  for (const _ of [1, 2]) breaker.failure("https://a.com");
  assert.equal(breaker.admit("https://a.com").admitted, true);
  await control.reload(policy(9));
  breaker.follow(warden.policy);
  for (let n = 3; n < 9; n++) breaker.failure("https://a.com");
  assert.equal(breaker.admit("https://a.com").admitted, true);
  breaker.failure("https://a.com");
  assert.deepEqual(breaker.admit("https://a.com"), { admitted: false, retryAt: 31_000 });
  assert.equal(breaker.admit("https://b.com").admitted, true);
});

test("after a reload has returned, 50 payments in flight hold no more than the new policy allows", async () => {
  for (let round = 0; round < 5; round++) {
    const store = memoryStore();
    const { warden, control } = await opened(policyOf("0.40"), store);
    let returned = false;
    const lateAllowed: number[] = [];
    const payments = Array.from({ length: 50 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n % 7));
      const begunAfter = returned;
      const decision = await pay(warden, `/${n}`);
      if (decision.action === "allow" && begunAfter) lateAllowed.push(n);
      return decision.action === "allow";
    });
    await new Promise((resolve) => setTimeout(resolve, round));
    await control.reload(policyOf("0.10"));
    returned = true;
    const [line] = await warden.budgets();
    const heldThen = Number(line?.held ?? 0);
    const allowed = (await Promise.all(payments)).filter(Boolean).length;
    const [end] = await warden.budgets();
    // What was held before stays held; nothing is held on top of it once ten are.
    assert.ok(Number(end?.held) <= Math.max(heldThen, 0.1) + 1e-9, `${heldThen} → ${end?.held}`);
    assert.equal(allowed, Math.round(Number(end?.held) * 100));
    assert.ok(lateAllowed.length === 0 || allowed <= 10, `${lateAllowed.length} of ${allowed}`);
    await warden.close();
  }
});

test("two reloads and payments at once: each payment is judged by one policy or the other, whole", async () => {
  const { warden, control } = await opened(policyOf("1"));
  const work: Promise<unknown>[] = [];
  for (let n = 0; n < 60; n++) {
    work.push(n % 10 === 0 ? control.reload(policyOf(n % 20 === 0 ? "0.05" : "0.15")) : pay(warden, `/${n}`));
  }
  await Promise.all(work);
  const [line] = await warden.budgets();
  assert.equal(line?.held, "0.15");
});

/** Waits until something holds; a watcher tells of a change when it pleases. */
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 500; n++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${what}`);
}

const toml = (max: string): string => `payment.max_usd = "${max}"\n`;

test("a file that changes is the policy of the next payment; a broken one is told, and changes nothing", async () => {
  await inFolder({ "policy.toml": toml("1"), "other.txt": "" }, async (at) => {
    const path = join(at, "policy.toml");
    const { warden, control } = await openWardenWithControl({ policy: path, store: memoryStore() });
    const told = { reloads: 0, errors: [] as string[] };
    const watch = watchPolicy(path, control, {
      delayMs: 5,
      onReload: () => {
        told.reloads += 1;
      },
      onError: (error) => told.errors.push(String(error)),
    });
    const judged = async (): Promise<string> => (await warden.check({ url: URL, offer: offer("500000") })).reason;
    assert.equal(await judged(), "allowed");

    writeFileSync(path, toml("0.10"));
    await until(() => told.reloads === 1, "the change");
    assert.equal(await judged(), "payment_too_large");

    writeFileSync(path, "payment.max_usd = \n");
    await until(() => told.errors.length === 1, "the error");
    assert.match(told.errors[0] ?? "", /policy\.toml is not valid/);
    assert.equal(await judged(), "payment_too_large");
    // Other files of the folder are none of its business, and one error is told once.
    for (let n = 0; n < 5; n++) {
      writeFileSync(join(at, "other.txt"), String(n));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual([told.reloads, told.errors.length], [1, 1]);

    // As editors and deployments do it: another file takes its place.
    writeFileSync(join(at, "next.toml"), toml("0.60"));
    renameSync(join(at, "next.toml"), path);
    await until(() => told.reloads === 2, "the file in its place");
    assert.equal(await judged(), "allowed");

    rmSync(path);
    await until(() => told.errors.length === 2, "the missing file");
    assert.equal(await judged(), "allowed");
    writeFileSync(path, toml("0.10"));
    await until(() => told.reloads === 3, "the file that came back");

    await watch.close();
    writeFileSync(path, toml("2"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(told.reloads, 3);
    await warden.close();
  });
});

test("another folder in the place of one, and a file behind a link, are read as well", async () => {
  await inFolder(
    { "one/policy.toml": toml("1"), "two/policy.toml": toml("2"), "shared/x.toml": toml("5") },
    async (at) => {
      const path = join(at, "current/policy.toml");
      symlinkSync("one", join(at, "current"));
      const { warden, control } = await openWardenWithControl({ policy: path, store: memoryStore() });
      const watch = watchPolicy(path, control, { delayMs: 5, onError: () => undefined });
      const most = async (): Promise<string | undefined> =>
        (await warden.check({ url: URL, offer: offer("9000000") })).fix?.max_amount_usd ?? undefined;
      const becomes = async (wanted: string, what: string): Promise<void> => {
        for (let n = 0; n < 500 && (await most()) !== wanted; n++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(await most(), wanted, what);
      };
      await becomes("1", "the first");
      symlinkSync("two", join(at, "next"));
      renameSync(join(at, "next"), join(at, "current"));
      await becomes("2", "a link that is turned to another folder");
      rmSync(join(at, "two"), { recursive: true });
      mkdirSync(join(at, "two"));
      writeFileSync(path, toml("3"));
      await becomes("3", "a folder that was made anew");
      writeFileSync(path, toml("4"));
      await becomes("4", "a change in it");
      rmSync(path);
      symlinkSync("../shared/x.toml", path);
      await becomes("5", "a link to a file");
      writeFileSync(join(at, "shared/x.toml"), toml("6"));
      await becomes("6", "a change of what it leads to");
      await watch.close();
      await warden.close();
    },
  );
});

test("a file that it stands on is watched, too, and so is one that is named later", async () => {
  const files = {
    "agent/policy.toml": 'extends = "../company.toml"\n',
    "company.toml": toml("1"),
    "more/strict.toml": toml("0.10"),
  };
  await inFolder(files, async (at) => {
    const path = join(at, "agent/policy.toml");
    const { warden, control } = await openWardenWithControl({ policy: path, store: memoryStore() });
    let reloads = 0;
    const onReload = (): void => {
      reloads += 1;
    };
    const watch = watchPolicy(path, control, { delayMs: 5, onReload, onError: (error) => assert.fail(String(error)) });
    const most = async (): Promise<string | undefined> =>
      (await warden.check({ url: URL, offer: offer("5000000") })).fix?.max_amount_usd ?? undefined;
    writeFileSync(join(at, "company.toml"), toml("0.5"));
    await until(() => reloads === 1, "the base");
    assert.equal(await most(), "0.5");
    writeFileSync(path, 'extends = ["../company.toml", "../more/strict.toml"]\n');
    await until(() => reloads === 2, "another base");
    assert.equal(await most(), "0.1");
    writeFileSync(join(at, "more/strict.toml"), toml("0.20"));
    await until(() => reloads === 3, "a change of that");
    assert.equal(await most(), "0.2");
    await watch.close();
    await warden.close();
  });
});
