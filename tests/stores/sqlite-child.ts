/**
 * A process of its own on a ledger file, for `sqlite.test.ts`.
 *   count <path> <n>   adds 1 to the cell `sum`, n times, by compare-and-swap
 *   write <path> <id>  writes pairs of cells until it is killed, and prints each number once it is acknowledged
 */

import { writeSync } from "node:fs";
import { sqliteStore } from "../../js/stores/sqlite.ts";

const [mode, path = "", argument = ""] = process.argv.slice(2);
const store = await sqliteStore(path, { busyMs: 30_000 });

if (mode === "count") {
  for (let done = 0; done < Number(argument); ) {
    const [cell] = await store.load(["sum"]);
    const value = String(Number(cell?.value ?? "0") + 1);
    const result = await store.commit({ read: cell ? [cell] : [], write: [{ key: "sum", value, expires: null }] });
    if (result.ok) done++;
  }
  await store.close();
} else {
  for (let i = 0; ; i++) {
    const write = ["a", "b"].map((half) => ({ key: `${argument}/${i}/${half}`, value: String(i), expires: null }));
    const result = await store.commit({ read: [], write });
    if (!result.ok) throw new Error("a commit without reads was in conflict");
    writeSync(1, `${i}\n`);
  }
}
