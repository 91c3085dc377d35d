/** What of approvals is in the audit log: enough to judge again, and no signature; and answering by hand on a ledger with one. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openApprovals } from "../../js/approvals/index.ts";
import { verifyLog } from "../../js/audit/read.ts";
import { storedLog } from "../../js/audit.ts";
import { loadTools } from "../../js/core/tools.ts";
import { memoryStore, openWardenWithControl, type Store, sqliteStore } from "../../js/index.ts";
import { bytes, inFolder, lasting, ticking } from "../audit/support.ts";
import { offer, tollwarden } from "../cli/support.ts";
import { signatureOf, signer, URL_ } from "./support.ts";

const SECRET = "a secret of the machine's own";
const LOG_KEY = new Uint8Array(32).fill(7);
const alice = signer();
const policy = {
  payment: { max_usd: "10", approve_from_usd: "0.01" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h" }],
  approvals: {
    threshold: 2,
    approvers: ["alice", "ci"],
    max_prompts_per_agent: 50,
    keys: [
      { approver: "alice", ed25519: alice.publicHex },
      { approver: "ci", hmac: "env:CI_KEY" },
    ],
  },
};

interface Replayed {
  readonly same: boolean;
  readonly records: number;
  readonly different: number;
  readonly differences: readonly object[];
  readonly state: string;
  readonly recorded_state: string;
}

function replay(lines: readonly string[]): Replayed {
  const replayer = new (loadTools().AuditReplayer)();
  for (const piece of bytes(lines)) replayer.push(piece);
  return JSON.parse(replayer.finish()) as Replayed;
}

async function linesOf(store: Store): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of storedLog(store)) lines.push(line);
  return lines;
}

/** Signs as either approver, and remembers each signature that was ever made. */
function signing(now: () => number) {
  const made: string[] = [];
  const sign = (verb: string, digest: string, approver: "alice" | "ci", secret = SECRET) => {
    const signedAt = now();
    const text = `tollwarden 1\n${verb}\n${digest}\n${signedAt}\n${approver}`;
    const signature =
      approver === "alice"
        ? signatureOf(alice.key, verb, digest, signedAt, approver)
        : createHmac("sha256", secret).update(text).digest("hex");
    made.push(signature);
    return { signedAt, signature };
  };
  return { made, sign };
}

test("approvals signed with Ed25519 and HMAC replay to the same answers and state, without secrets and signatures", async () => {
  const now = ticking();
  const store = lasting(memoryStore({ now }));
  const { made, sign } = signing(now);
  const secrets = () => SECRET;
  const { warden, control } = await openWardenWithControl({ policy, agent: "bot", store, now, secrets, audit: {} });
  const ask = (id: string, more: object = {}) =>
    warden.authorize({ id, url: `${URL_}?${id}`, offer: offer(), ...more });

  // At the desk.
  const first = await ask("desk");
  const digest = first.approval?.digest ?? assert.fail(JSON.stringify(first));
  for (const name of ["alice", "ci"] as const) {
    const outcome = await control.approve("desk", name, { digest, ...sign("approve", digest, name) });
    assert.equal(outcome.ok, true, JSON.stringify(outcome));
  }
  assert.equal((await ask("desk")).action, "allow");
  // Along with the request: one that is forged, and then both.
  const asked = (await ask("machine")).approval?.digest ?? "";
  const forged = sign("approve", asked, "ci", "another secret of its own");
  assert.equal((await ask("machine", { countersignatures: { ci: forged } })).reason, "bad_countersignature");
  const swapped = { signedAt: "soon", signature: sign("approve", asked, "alice").signature };
  assert.equal((await ask("machine", { countersignatures: { alice: swapped } })).reason, "malformed_request");
  const both = { alice: sign("approve", asked, "alice"), ci: sign("approve", asked, "ci") };
  assert.equal((await ask("machine", { countersignatures: both })).action, "allow");
  // The same signature under two names is good under one.
  const again = (await ask("twice")).approval?.digest ?? "";
  const one = sign("approve", again, "ci");
  assert.equal((await control.approve("twice", "alice", one)).reason, "bad_countersignature");
  assert.equal((await control.approve("twice", "ci", one)).ok, true);
  assert.equal((await ask("twice")).action, "require_approval");
  assert.equal((await control.reject("twice", "alice", sign("reject", again, "alice"))).ok, true);
  assert.equal((await ask("twice")).reason, "approval_rejected");
  // Frozen, and lifted by a desk that knows no policy: whoever decides checks it.
  const desk = openApprovals({ store, now, audit: {} });
  await control.freeze("odd");
  const frozen = (await desk.freezes())[0]?.digest ?? "";
  await desk.unfreeze({ approver: "ci", ...sign("unfreeze", frozen, "ci", "another secret of its own") });
  assert.equal((await ask("later")).reason, "frozen");
  await desk.unfreeze({ approver: "ci", ...sign("unfreeze", frozen, "ci") });
  assert.equal((await ask("later")).action, "require_approval");
  await warden.close();

  const lines = await linesOf(store);
  assert.ok((await verifyLog(bytes(lines))).good);
  const { same, records, differences, state, recorded_state } = replay(lines);
  assert.deepEqual([same, records, differences, state], [true, lines.length, [], recorded_state]);
  assert.equal(made.length, 10);
  for (const signature of made) assert.ok(!lines.some((line) => line.includes(signature.slice(0, 24))), signature);
  assert.ok(!lines.join("").includes(SECRET));

  // The verdicts are what it is replayed by: without one of them the replay comes out otherwise.
  const withVerdicts = lines.filter((line) => line.includes('"proven":['));
  assert.ok(withVerdicts.length >= 8, String(withVerdicts.length));
  const without = lines.map((line) => line.replace(/"proven":\["[0-9a-f]{64}"/, '"proven":["00"'));
  assert.equal(replay(without).same, false);
});

describe("by hand, on a ledger with an audit log", () => {
  const keyed = (folder: string, key: Uint8Array | undefined) => async (work: "ask" | "hold") => {
    const store = await sqliteStore(join(folder, "ledger.sqlite"));
    const { warden } = await openWardenWithControl({
      policy: { payment: { max_usd: "10", ...(work === "ask" && { approve_from_usd: "0.01" }) }, approvals },
      agent: "bot",
      store,
      audit: key === undefined ? {} : { key },
    });
    const decision = await warden.authorize({ id: work, url: `${URL_}?${work}`, offer: offer() });
    if (work === "hold") await warden.ticket("hold");
    await warden.close();
    return decision;
  };
  const approvals = { approvers: ["alice"], keys: [{ approver: "alice", ed25519: alice.publicHex }] };
  const written = async (folder: string): Promise<string[]> => {
    const store = await sqliteStore(join(folder, "ledger.sqlite"));
    return linesOf(store).finally(() => store.close());
  };

  test("an answer, a freeze and a resolution are recorded, with the key's HMAC; without the key nothing is done", () =>
    inFolder(async (folder) => {
      const open = keyed(folder, LOG_KEY);
      await open("ask");
      await open("hold");
      const at = (name: string) => join(folder, name);
      writeFileSync(at("log.key"), LOG_KEY);
      writeFileSync(at("wrong.key"), new Uint8Array(32).fill(8));
      writeFileSync(at("short.key"), "short");
      writeFileSync(at("alice.pem"), alice.pem, { mode: 0o600 });
      const before = await written(folder);
      const commands: readonly (readonly string[])[] = [
        ["approvals", "approve", "ask", "--as", "alice", "--key", at("alice.pem")],
        ["freeze", "a drill"],
        ["unfreeze", "--as", "alice", "--key", at("alice.pem")],
        ["holds", "resolve", "hold", "--spent", "10000", "--reason", "invoice 17"],
      ];
      const run = (args: readonly string[], ...more: readonly string[]) =>
        tollwarden([...args, "--store", at("ledger.sqlite"), ...more]);
      for (const args of commands) {
        const bare = await run(args);
        assert.equal(bare.status, 1, args.join(" "));
        assert.match(bare.stderr, /carry an HMAC; name the file with its key with `--audit-key`/);
      }
      const [freeze = []] = commands.slice(1);
      assert.match(
        (await run(freeze, "--audit-key", at("wrong.key"))).stderr,
        /is not the key of this ledger's audit log/,
      );
      assert.match((await run(freeze, "--audit-key", at("short.key"))).stderr, /has 5 bytes, and 16 are the least/);
      assert.deepEqual(await written(folder), before);
      // What only looks needs no key.
      assert.equal((await run(["approvals"])).status, 0);
      assert.equal((await run(["holds"])).status, 0);
      assert.equal((await run(["freeze", "--list"])).status, 0);

      for (const args of commands) {
        const done = await run(args, "--audit-key", at("log.key"));
        assert.equal(done.status, 0, `${args.join(" ")}: ${done.stderr}`);
      }
      const lines = await written(folder);
      assert.deepEqual(
        lines.slice(before.length).map((line) => (JSON.parse(line) as { kind: string }).kind),
        ["approval_given", "frozen", "unfrozen", "resolved"],
      );
      const verdict = await verifyLog(bytes(lines), { key: LOG_KEY });
      assert.deepEqual([verdict.good, verdict.fault, verdict.tagged], [true, null, lines.length]);
      assert.equal(replay(lines).same, true);
    }));

  test("where the log has no HMAC no key is needed; where there is no log, a key is a mistake", () =>
    inFolder(async (folder) => {
      const open = keyed(folder, undefined);
      await open("hold");
      const store = ["--store", join(folder, "ledger.sqlite")];
      const resolve = ["holds", "resolve", "hold", "--spent", "10000", "--reason", "invoice 17"];
      assert.equal((await tollwarden([...resolve, ...store])).status, 0);
      const lines = await written(folder);
      assert.equal((JSON.parse(lines.at(-1) ?? "{}") as { kind: string }).kind, "resolved");
      assert.ok((await verifyLog(bytes(lines))).good && replay(lines).same);

      const plain = join(folder, "plain.sqlite");
      await (await sqliteStore(plain)).close();
      writeFileSync(join(folder, "log.key"), LOG_KEY);
      const freeze = await tollwarden(["freeze", "x", "--store", plain, "--audit-key", join(folder, "log.key")]);
      assert.deepEqual([freeze.status, /has no audit log/.test(freeze.stderr)], [1, true]);
    }));
});
