// An agent in a Cloudflare Worker, run in workerd on this machine: it buys until its budget is used up, is stopped and
// started again, and still knows what it has spent. The Worker itself is in worker.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorker } from "./local.ts";

const { SELLER_URL = "http://127.0.0.1:4021", AGENT_KEY = "" } = process.env;
const folder = mkdtempSync(join(tmpdir(), "worker-agent-"));

async function ask(paths: readonly string[]): Promise<void> {
  const worker = await startWorker({ SELLER_URL, AGENT_KEY }, folder);
  try {
    for (const path of paths) {
      const answer = await worker.dispatchFetch(`http://agent${path}`);
      console.log(path, answer.status, await answer.text());
    }
  } finally {
    await worker.dispose();
  }
}

try {
  await ask(["/weather", "/report", "/dataset"]);
  console.log("the Worker is stopped, and started again");
  await ask(["/weather"]);
} finally {
  rmSync(folder, { recursive: true });
}
