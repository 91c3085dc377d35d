// A seller in a Cloudflare Worker, run in workerd on this machine; and an agent on Node that buys from it through a warden.
// The Worker itself is in worker.ts.

import { buy } from "./buyer.ts";
import { startWorker } from "./local.ts";

const { FACILITATOR_URL = "http://127.0.0.1:4022", PAY_TO = "" } = process.env;

const worker = await startWorker({ FACILITATOR_URL, PAY_TO });
try {
  await buy((await worker.ready).origin);
} finally {
  await worker.dispose();
}
