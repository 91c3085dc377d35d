// The page. Its key is made here and kept here: put no more money on such a key than you would on a table in a café. The
// ledger is in IndexedDB, so a reload, and a second tab, go on with the same budget.
//
// The person and the agent share one page. The dialog protects the person from a mistake, not from code that runs in it.

import { ExactEvmScheme } from "@x402/evm/exact/client";
import { type Decision, openWardenWithControl } from "tollwarden";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { buy } from "./pay.ts";

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;

/** The key of this page; a new one gets test money from the example's server. */
async function openWallet() {
  const known = localStorage.getItem("key");
  const key = (known ?? generatePrivateKey()) as `0x${string}`;
  const account = privateKeyToAccount(key);
  if (known === null) {
    const given = await fetch("/faucet", { method: "POST", body: account.address });
    if (!given.ok) throw new Error(`no test money: ${await given.text()}`);
    localStorage.setItem("key", key);
  }
  return account;
}

/** Asks in the dialog. Closing it in any other way than by its button is a no. */
function ask(url: string, { usd, payee, message }: Decision): Promise<boolean> {
  const dialog = element<HTMLDialogElement>("question");
  element("question-amount").textContent = `${usd} USD`;
  element("question-url").textContent = url;
  element("question-payee").textContent = payee ?? "";
  element("question-why").textContent = message ?? "";
  dialog.returnValue = "refuse";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "approve"), { once: true });
  });
}

const { warden, control } = await openWardenWithControl({
  policy: {
    origins: [location.origin],
    payment: { max_usd: "1", approve_from_usd: "0.05" },
    budgets: [{ name: "today", limit_usd: "0.50", window: "24h" }],
  },
  agent: "page",
});
const account = await openWallet();
const scheme = new ExactEvmScheme(account);

async function showBudget(): Promise<void> {
  const [today] = await warden.budgets();
  if (today === undefined) return;
  element("budget").textContent = `${today.spent} of ${today.limit} USD spent, ${today.available} left`;
  element<HTMLProgressElement>("spent").value = Number(today.spent) / Number(today.limit); // only to draw it
}

function tell(line: string): void {
  const entry = document.createElement("li");
  entry.textContent = line;
  element("log").append(entry);
}

const buttons = document.querySelectorAll<HTMLButtonElement>("button[data-path]");
for (const button of buttons) {
  button.addEventListener("click", async () => {
    for (const one of buttons) one.disabled = true; // one question at a time
    const path = button.dataset.path ?? "";
    try {
      tell(`${path} ${await buy({ warden, control, scheme, ask }, `${location.origin}${path}`)}`);
    } catch (error) {
      tell(`${path} ${error instanceof Error ? error.message : error}`);
    }
    await showBudget();
    for (const one of buttons) one.disabled = false;
    button.focus();
  });
}
element("wallet").textContent = account.address;
await showBudget();
for (const button of buttons) button.disabled = false;
