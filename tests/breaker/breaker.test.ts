import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  admit,
  type BreakerConfig,
  type BreakerSnapshot,
  type BreakerState,
  CLOSED,
  createBreaker,
  MAX_KEYS,
  record,
  release,
} from "../../js/breaker.ts";

const config: BreakerConfig = { failureThreshold: 3, recoveryTimeoutMs: 100, probeTimeoutMs: 40 };
const origin = "https://api.example.com";

/** A breaker on a clock that the test sets. */
function onClock(from?: BreakerSnapshot) {
  const clock = { ms: 1_000 };
  const breaker = createBreaker({ ...config, now: () => clock.ms, ...(from && { from }) });
  const fail = (times: number, key = origin) => {
    for (let i = 0; i < times; i++) breaker.failure(key);
  };
  return { clock, breaker, fail };
}

describe("transitions", () => {
  const open: BreakerState = { kind: "open", openedAt: 1_000, trips: 1 };
  const halfOpen: BreakerState = { kind: "half-open", probeSince: 1_100, openedAt: 1_000, trips: 1 };

  it("closed: failures in a row open it, at the threshold and not before", () => {
    let state = CLOSED;
    for (const failures of [1, 2]) {
      state = record(state, "failure", 1_000, config);
      assert.deepEqual(state, { kind: "closed", failures });
      assert.deepEqual(admit(state, 1_000, config), { state, admission: { admitted: true, probe: false } });
    }
    assert.deepEqual(record(state, "failure", 1_000, config), open);
  });

  it("closed: a success starts the count again (not a count over all time)", () => {
    let state = CLOSED;
    for (const outcome of ["failure", "failure", "success", "failure", "failure"] as const) {
      state = record(state, outcome, 1_000, config);
    }
    assert.deepEqual(state, { kind: "closed", failures: 2 });
  });

  it("open: refuses until the recovery time is over, and says when that is", () => {
    assert.deepEqual(admit(open, 1_099, config), { state: open, admission: { admitted: false, retryAt: 1_100 } });
    assert.deepEqual(admit(open, 1_100, config), { state: halfOpen, admission: { admitted: true, probe: true } });
  });

  it("open: the late answer of a call from before neither closes, nor prolongs, nor counts twice", () => {
    assert.equal(record(open, "success", 1_050, config), open);
    assert.equal(record(open, "failure", 1_050, config), open);
  });

  it("half-open: one probe at a time", () => {
    assert.deepEqual(admit(halfOpen, 1_139, config), {
      state: halfOpen,
      admission: { admitted: false, retryAt: 1_140 },
    });
  });

  it("half-open: a probe that hangs gives way after its time-out", () => {
    const next = { kind: "half-open", probeSince: 1_140, openedAt: 1_000, trips: 1 };
    assert.deepEqual(admit(halfOpen, 1_140, config), { state: next, admission: { admitted: true, probe: true } });
  });

  it("half-open: a success closes and resets, a failure opens for the whole time again", () => {
    assert.deepEqual(record(halfOpen, "success", 1_110, config), CLOSED);
    assert.deepEqual(record(halfOpen, "failure", 1_110, config), { kind: "open", openedAt: 1_110, trips: 2 });
  });

  it("release gives the place back at once, and touches no other state", () => {
    assert.deepEqual(release(halfOpen), open);
    assert.equal(admit(release(halfOpen), 1_101, config).admission.admitted, true);
    assert.equal(release(open), open);
    assert.equal(release(CLOSED), CLOSED);
  });

  it("a clock that is set back delays the next probe by one time-out at most", () => {
    const early = admit(open, 10, config);
    assert.deepEqual(early.admission, { admitted: false, retryAt: 110 });
    assert.equal(admit(early.state, 110, config).admission.admitted, true);
    const probing = admit(halfOpen, 10, config);
    assert.deepEqual(probing.admission, { admitted: false, retryAt: 50 });
    assert.equal(admit(probing.state, 50, config).admission.admitted, true);
  });

  it("a time that is not a number admits nothing", () => {
    assert.equal(admit(open, Number.NaN, config).admission.admitted, false);
    assert.equal(admit(halfOpen, Number.NaN, config).admission.admitted, false);
  });

  it("an outcome that is neither is an error, and not a success", () => {
    for (const outcome of [undefined, null, true, false, "", "Success", { success: false }]) {
      assert.throws(() => record(halfOpen, outcome as never, 1_100, config), TypeError);
      assert.throws(() => record(CLOSED, outcome as never, 1_100, config), TypeError);
    }
  });

  it("any sequence keeps the promises: at most one probe out, and never shut for longer than the longer time-out", () => {
    // A small generator with a fixed seed: the same sequences each time.
    let seed = 42;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 16) % n;
    };
    let refused = 0;
    let probes = 0;
    for (let run = 0; run < 200; run++) {
      let state: BreakerState = CLOSED;
      let now = 0;
      let probeSince: number | null = null;
      for (let step = 0; step < 200; step++) {
        now += random(30);
        const action = random(4);
        if (action === 0) {
          const { state: next, admission } = admit(state, now, config);
          if (admission.admitted && admission.probe) {
            assert.ok(probeSince === null || now >= probeSince + config.probeTimeoutMs, "two probes at once");
            probeSince = now;
            probes++;
          }
          if (!admission.admitted) {
            refused++;
            assert.ok(admission.retryAt > now && admission.retryAt <= now + config.recoveryTimeoutMs);
            assert.equal(admit(next, admission.retryAt, config).admission.admitted, true, "not admitted at retryAt");
          }
          state = next;
        } else if (action === 1) {
          state = release(state);
        } else {
          state = record(state, action === 2 && random(3) === 0 ? "success" : "failure", now, config);
        }
        if (state.kind !== "half-open") probeSince = null;
      }
    }
    assert.ok(refused > 1_000 && probes > 500, `${refused} refusals and ${probes} probes are too few to mean anything`);
  });
});

describe("the table", () => {
  it("keeps each key apart", () => {
    const { breaker, fail } = onClock();
    fail(3);
    assert.deepEqual(breaker.admit(origin), { admitted: false, retryAt: 1_100 });
    assert.deepEqual(breaker.admit("https://other.example"), { admitted: true, probe: false });
    assert.equal(breaker.state("__proto__"), CLOSED);
  });

  it("goes from closed to open to half-open and back", () => {
    const { clock, breaker, fail } = onClock();
    fail(3);
    assert.equal(breaker.state(origin).kind, "open");
    clock.ms = 1_100;
    assert.deepEqual(breaker.admit(origin), { admitted: true, probe: true });
    assert.deepEqual(breaker.admit(origin), { admitted: false, retryAt: 1_140 });
    breaker.failure(origin);
    assert.deepEqual(breaker.state(origin), { kind: "open", openedAt: 1_100, trips: 2 });
    clock.ms = 1_200;
    breaker.admit(origin);
    breaker.success(origin);
    assert.equal(breaker.state(origin), CLOSED);
    fail(2);
    assert.deepEqual(breaker.admit(origin), { admitted: true, probe: false });
  });

  it("lets the next call probe after one that was never answered, and after one that was released", () => {
    const { clock, breaker, fail } = onClock();
    fail(3);
    clock.ms = 1_100;
    assert.equal(breaker.admit(origin).admitted, true);
    clock.ms = 1_140;
    assert.deepEqual(breaker.admit(origin), { admitted: true, probe: true });
    assert.equal(breaker.admit(origin).admitted, false);
    breaker.release(origin);
    assert.deepEqual(breaker.admit(origin), { admitted: true, probe: true });
  });

  it("is not changed by looking at it, or by a release without a probe", () => {
    const { clock, breaker, fail } = onClock();
    fail(2);
    breaker.release(origin);
    clock.ms = 5_000;
    assert.deepEqual(breaker.state(origin), { kind: "closed", failures: 2 });
    fail(1);
    clock.ms = 9_000;
    assert.equal(breaker.state(origin).kind, "open");
    assert.equal(breaker.state(origin).kind, "open");
  });

  it("keeps at most 1,000 keys, the ones used last, whatever comes by", () => {
    const { breaker, fail } = onClock();
    fail(3, "early");
    fail(3, "used");
    for (let i = 0; i < 200_000; i++) {
      breaker.failure(`https://${i}.example`);
      if (i % 500 === 0) breaker.admit("used");
    }
    const { keys } = breaker.toJSON();
    assert.equal(keys.length, MAX_KEYS);
    assert.equal(breaker.state("used").kind, "open");
    assert.equal(breaker.state("early"), CLOSED);
  });

  it("keeps nothing for keys that do not fail", () => {
    const { breaker, fail } = onClock();
    fail(1);
    for (let i = 0; i < 5_000; i++) {
      breaker.admit(`https://${i}.example`);
      breaker.success(`https://${i}.example`);
    }
    assert.deepEqual(breaker.toJSON().keys, [[origin, { kind: "closed", failures: 1 }]]);
    breaker.success(origin);
    assert.deepEqual(breaker.toJSON().keys, []);
  });

  it("goes on in another process from what JSON keeps, order of use included", () => {
    const { clock, breaker, fail } = onClock();
    fail(1, "counting");
    fail(3, "open");
    fail(3, "probing");
    clock.ms = 1_100;
    breaker.admit("probing");
    const text = JSON.stringify(breaker);
    const again = onClock(JSON.parse(text));
    assert.equal(JSON.stringify(again.breaker), text);
    again.clock.ms = 1_139;
    assert.deepEqual(again.breaker.admit("probing"), { admitted: false, retryAt: 1_140 });
    assert.deepEqual(again.breaker.admit("open"), { admitted: true, probe: true });
    again.fail(2, "counting");
    assert.equal(again.breaker.state("counting").kind, "open");
  });

  it("refuses a snapshot with anything wrong in it", () => {
    const good = { kind: "open", openedAt: 1, trips: 1 };
    const states = [
      null,
      "open",
      {},
      { kind: "ajar" },
      { kind: "closed", failures: -1 },
      { kind: "closed", failures: "0" },
      { ...good, openedAt: null },
      { ...good, openedAt: "1" },
      { ...good, trips: 0.5 },
      { ...good, kind: "half-open" },
    ];
    for (const state of states) {
      const from = {
        version: 1,
        keys: [
          [origin, good],
          ["b", state],
        ],
      } as unknown as BreakerSnapshot;
      assert.throws(() => createBreaker({ from }), TypeError, JSON.stringify(state));
    }
    for (const from of [null, {}, { version: 2, keys: [] }, { version: 1 }, { version: 1, keys: [[7, good]] }]) {
      assert.throws(() => createBreaker({ from: from as unknown as BreakerSnapshot }), TypeError, JSON.stringify(from));
    }
  });

  it("refuses settings that would never open, never close or never end, and a broken clock", () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5"]) {
      for (const name of ["failureThreshold", "recoveryTimeoutMs", "probeTimeoutMs"]) {
        assert.throws(() => createBreaker({ [name]: value }), { name: "RangeError", message: new RegExp(name) });
      }
    }
    const breaker = createBreaker({ now: () => Number.NaN });
    assert.throws(() => breaker.admit(origin), RangeError);
  });

  it("has the documented defaults", () => {
    let now = 0;
    const breaker = createBreaker({ now: () => now });
    for (let i = 0; i < 4; i++) breaker.failure(origin);
    assert.equal(breaker.admit(origin).admitted, true);
    breaker.failure(origin);
    assert.deepEqual(breaker.admit(origin), { admitted: false, retryAt: 30_000 });
    now = 30_000;
    breaker.admit(origin);
    assert.deepEqual(breaker.admit(origin), { admitted: false, retryAt: 60_000 });
  });
});
