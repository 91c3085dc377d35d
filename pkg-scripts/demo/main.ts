// The demo: an agent with the official x402 client buys from real sellers on a private chain, through tollwarden.
// `npm run demo`. The exit status is 0 only if what happened is what had to happen.

import { parseArgs } from "node:util";
import { balanceTable, budgetTable, headline, purchaseHead, purchaseRows, quiet, verdict } from "./print.ts";
import { broken, type Report, reportOf, UNIT, usdOfAtomic } from "./report.ts";
import { LIE, openScene, type Scene } from "./scene.ts";
import type { Purchase } from "./watch.ts";

const HELP = `usage: npm run demo
       npm run -s demo -- --json

A private chain, an x402 facilitator, two honest sellers and one that lies start inside this process. An agent
with the official x402 client buys from them through tollwarden; then the chain's own balances are compared
with the ledger. It takes a few seconds and leaves nothing behind.

  --json   the result as one JSON object; every amount is a string, in atomic units of
           ${UNIT}
           (1000000 of them are a dollar)
  --help   this text

exit status: 0 if the money moved exactly as it had to; else 1, and standard error says what does not hold`;

/** It ends by itself; should anything hang, after this long, in milliseconds. */
const DEADLINE = 19_000;

interface Act {
  readonly title: string;
  readonly purchases: (scene: Scene) => AsyncGenerator<Purchase>;
  /** Said when the act is over. */
  readonly remark?: (scene: Scene) => string;
}

const ACTS: readonly Act[] = [
  {
    title: "1 · The agent buys what it needs",
    async *purchases({ buy, seller, old }) {
      yield buy("GET", `${seller.url}/weather`);
      yield buy("GET", `${seller.url}/report`);
      yield buy("POST", `${seller.url}/translate`);
      yield buy("GET", `${old.url}/weather`);
    },
  },
  {
    title: "2 · One purchase is too dear",
    async *purchases({ buy, seller }) {
      yield buy("GET", `${seller.url}/dataset`);
    },
  },
  {
    title: "3 · A seller lies about its price, between the offer and the signature",
    async *purchases({ buy, liar, installPlugIn, removePlugIn }) {
      installPlugIn();
      yield buy("GET", `${liar.url}/gem`);
      removePlugIn();
    },
    remark: ({ liar }) =>
      `It offered 0.01; its plug-in, in the agent's own process, then asked the wallet for ${usdOfAtomic(LIE)}. The key\n` +
      `was not asked to sign, and the seller has seen ${liar.payments().length} payments. A ticket was out by then: the cent that it\n` +
      "covers stays held until no signature for it could be used any more.",
  },
  {
    title: "4 · The agent goes on until the budget is exhausted",
    async *purchases({ buy, seller }) {
      for (let more = true; more; ) {
        const purchase = await buy("GET", `${seller.url}/archive`);
        more = purchase.action === "allow";
        yield purchase;
      }
    },
  },
];

/** Closes what is open; for whoever ends the demo before its time. */
let close = async (): Promise<void> => undefined;
let ending = false;

function endEarly(status: number): void {
  ending = true;
  // What can't be closed in a second is cut off: the temporary files go with the process, and so does the chain.
  setTimeout(() => process.exit(status), 1_000).unref();
  void close().finally(() => process.exit(status));
}

async function perform(json: boolean): Promise<boolean> {
  const print = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  const scene = await openScene();
  close = scene.close;
  try {
    const before = await scene.balances();
    print(headline("The policy"));
    print(quiet(scene.policy.trimEnd()));

    const purchases: Purchase[] = [];
    for (const { title, purchases: act, remark } of ACTS) {
      print(headline(title));
      print(purchaseHead());
      for await (const purchase of act(scene)) {
        purchases.push(purchase);
        print(purchaseRows(purchase));
      }
      if (remark !== undefined) print(`\n${quiet(remark(scene))}`);
    }

    const after = await scene.balances();
    const report: Report = reportOf(purchases, before, after, await scene.warden.budgets());
    const failed = broken(scene, report, before, after);
    print(headline("The chain's own balances, in USDC"));
    print(balanceTable(report));
    print(headline("What is left of each budget, in USD"));
    print(budgetTable(report));
    print(`\n${verdict(failed)}\n`);
    if (json) {
      process.stdout.write(`${JSON.stringify(report)}\n`);
      for (const what of failed) process.stderr.write(`this does not hold: ${what}\n`);
    }
    return failed.length === 0;
  } finally {
    await scene.close();
  }
}

function readArguments(): { readonly json: boolean; readonly help: boolean } | string {
  try {
    return parseArgs({
      options: {
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const given = readArguments();
if (typeof given === "string") {
  process.stderr.write(`${given}\n\n${HELP}\n`);
  process.exitCode = 1;
} else if (given.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => endEarly(130));
  setTimeout(() => {
    process.stderr.write(`the demo did not end within ${DEADLINE / 1000} s\n`);
    endEarly(1);
  }, DEADLINE).unref();
  try {
    process.exitCode = (await perform(given.json)) ? 0 : 1;
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // One that is ended from outside fails in the middle of something; that says nothing.
    if (!ending) process.stderr.write(`the demo failed: ${what}\n`);
    process.exitCode = 1;
  }
}
