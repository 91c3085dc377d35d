/** The same purchase again: because the answer was lost, because the seller says so, because a receipt lies. */

import {
  always,
  baitAndSwitch,
  honest,
  lostResponse,
  lyingReceipt,
  pretendSettled,
  withheld,
} from "../../../examples/localnet/traps.ts";
import { again, served, several, toSeller } from "../make.ts";
import type { Buying } from "../scenario.ts";

const CENTS = (limit_usd: string): object => ({ budgets: [{ name: "daily", limit_usd, window: "24h" }] });

export const REPEATS: readonly Buying[] = [
  {
    id: "T2",
    attack: "bait and switch: after the cheap offer is signed, the dear one is shown",
    by: "seller",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    run: (stage) => again(stage, stage.sells(baitAndSwitch(toSeller(stage), toSeller(stage, { amount: "90000" }))), 3),
  },
  {
    id: "T9",
    attack: "a storm of offers: paid, and asked to pay again, without end",
    by: "seller",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    run: (stage) =>
      again(stage, stage.sells(always(toSeller(stage), { settle: true, reply: "ask-again", receipt: null })), 6),
  },
  {
    id: "T9.nudge",
    attack: "what was delivered says that it is stale, and should be fetched again",
    by: "seller",
    side: "buyer",
    stoppedBy: ["rate_exceeded"],
    policy: () => ({ rates: [{ name: "once", max: 1, window: "24h", per: "endpoint" }] }),
    allowed: 10_000n,
    run: (stage) => again(stage, stage.sells(honest(toSeller(stage))), 6),
  },
  {
    id: "T13",
    attack: "the money is taken, the connection is cut, and the agent tries again",
    by: "network",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    run: (stage) => again(stage, stage.sells(lostResponse(toSeller(stage), "reset")), 4),
  },
  {
    id: "R6",
    attack: "the answer never comes: each attempt is given up, and made again",
    by: "seller",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    async run(stage) {
      const url = stage.sells(lostResponse(toSeller(stage), "hang"));
      for (let n = 0; n < 3; n++)
        await stage.buy(url, { signal: AbortSignal.timeout(stage.caught().length === n ? 700 : 50) });
    },
  },
  {
    id: "R7",
    attack: "a failure is told, the signature is kept, and used afterwards",
    by: "seller",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    run: (stage) => again(stage, stage.sells(withheld(toSeller(stage))), 4),
  },
  {
    id: "T14",
    attack: "the receipt says that it failed, though the money was taken",
    by: "facilitator",
    side: "buyer",
    stoppedBy: ["intent_unresolved"],
    allowed: 10_000n,
    run: (stage) =>
      again(
        stage,
        stage.sells(
          lyingReceipt(toSeller(stage), { success: false, errorReason: "insufficient_funds", transaction: "" }),
        ),
        4,
      ),
  },
  {
    id: "R8",
    attack: "receipts say that nothing was charged, so that a budget would have room again",
    by: "facilitator",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => CENTS("0.02"),
    allowed: 20_000n,
    run: (stage) =>
      several(
        stage,
        5,
        lyingReceipt(toSeller(stage), { success: true, amount: "0", transaction: `0x${"0".repeat(64)}` }),
      ),
  },
  {
    id: "R9",
    attack: "a settlement is claimed that never was, and the signatures are used later, all of them",
    by: "facilitator",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => CENTS("0.02"),
    allowed: 20_000n,
    run: (stage) => several(stage, 5, pretendSettled(toSeller(stage))),
  },
  {
    id: "T24",
    attack: "paid and 500, at one place after the other",
    by: "seller",
    side: "buyer",
    stoppedBy: ["circuit_open"],
    policy: () => ({ breaker: { failure_threshold: 3 } }),
    allowed: 30_000n,
    run: (stage) => several(stage, 8, always(toSeller(stage), { settle: true, reply: "fail" })),
  },
  {
    id: "PS-06",
    attack: "a breaker that is fed by nobody: failures told only in receipts (`success: false`), with a 200",
    by: "facilitator",
    side: "buyer",
    stoppedBy: ["budget_exceeded", "circuit_open"],
    policy: () => ({ ...CENTS("0.03"), breaker: { failure_threshold: 3 } }),
    allowed: 30_000n,
    run: (stage) =>
      several(stage, 6, always(toSeller(stage), { settle: true, reply: "starve", receipt: { success: false } })),
  },
  {
    id: "S4-03",
    attack: "receipts of other payments are given back, so that each is booked where it does not belong",
    by: "facilitator",
    side: "buyer",
    stoppedBy: ["budget_exceeded"],
    policy: () => ({ budgets: [{ name: "each", limit_usd: "0.01", window: "24h", per: "endpoint" }] }),
    allowed: 20_000n,
    async run(stage) {
      const transaction = `0x${"ab".repeat(32)}`;
      const trap = lyingReceipt(toSeller(stage), {
        success: true,
        transaction,
        payer: stage.attacker,
        network: "eip155:1",
      });
      const urls = [stage.sells(trap), stage.sells(trap)];
      for (let n = 0; n < 2; n++) for (const url of urls) await stage.buy(url);
    },
  },
  {
    id: "PH-04",
    attack: "a payment again in other spellings: capitals, port, fragment, escapes, a shorter deadline (XF-10c)",
    by: "seller",
    side: "buyer",
    stoppedBy: ["replayed"],
    policy: () => ({ replay: { mode: "strict" } }),
    allowed: 10_000n,
    async run(stage) {
      let seconds = 60;
      stage.serves({
        offer: () => toSeller(stage, { maxTimeoutSeconds: seconds-- }),
        paid: () => ({ settle: true, reply: "serve" }),
      });
      for (const url of [
        "https://api.example.com/report",
        "https://API.example.com/report",
        "https://api.example.com:443/report",
        "https://api.example.com/report#part",
        "https://api.example.com/%72eport",
        "https://api.example.com/./report",
      ]) {
        await stage.buy(url);
      }
    },
  },
  {
    id: "PH-04.honest",
    attack: "the same thing bought twice, which is an honest wish: the second must not be taken for a replay",
    by: "operator",
    side: "buyer",
    stoppedBy: [],
    harmless: "it is no attack: a check for replays refuses honest buyers",
    allowed: 20_000n,
    run: (stage) => again(stage, stage.sells(honest(toSeller(stage))), 2),
    async honest(stage) {
      const url = stage.sells(honest(toSeller(stage)));
      for (let n = 0; n < 2; n++) await served(await stage.pay(url));
    },
    due: 20_000n,
  },
];
