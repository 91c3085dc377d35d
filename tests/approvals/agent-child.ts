/** An agent in a process of its own, for `warden.test.ts`: `<kind of store> <place> <number of payments>`. */

import { openWarden } from "../../js/index.ts";
import { sqliteStore } from "../../js/stores/sqlite.ts";
import { openPlace, type Place } from "../torture/place.ts";
import { NEEDS_PEOPLE, pay, seller, URL_ } from "./support.ts";

const [kind, place = "", count = "1"] = process.argv.slice(2);
if (kind !== "sqlite" && kind !== "redis") throw new Error(`no store \`${kind}\``);
const store = kind === "sqlite" ? await sqliteStore(place) : await openPlace(JSON.parse(place) as Place);
const warden = await openWarden({ policy: NEEDS_PEOPLE, agent: "bot", store, approvalWaitMs: 60_000 });
const paying = warden.payingFetch({ pay: pay as never, fetch: seller().fetch });
for (let n = 0; n < Number(count); n++) {
  await paying(`${URL_}?${n}`);
  process.stdout.write(`paid ${n}\n`);
}
await warden.close();
