// A warden that pays until it is killed, and says of each answer that it has it.

import { appendFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { jsonlSink } from "../../js/audit.ts";
import { sqliteStore } from "../../js/index.ts";
import { audited, request } from "./support.ts";

const [folder = ".", run = "0"] = process.argv.slice(2);
const store = await sqliteStore(join(folder, "ledger.sqlite"));
const { warden } = await audited(
  { sinks: [jsonlSink(join(folder, "audit.jsonl"), { rotateBytes: 8_000 })] },
  store,
  Date.now,
);
for (let index = 0; ; index++) {
  const id = `p${run}-${index}`;
  await warden.authorize(request(id));
  appendFileSync(join(folder, "answered"), `${id}\n`);
  writeSync(1, ".\n");
}
