/** An actor in a process of its own, for `stores.test.ts`: the place as JSON, then a step in each line, answered in one. */

import { createInterface } from "node:readline";
import { openPlace, type Place } from "../torture/place.ts";
import { act, type Step } from "./actor.ts";

const store = await openPlace(JSON.parse(process.argv[2] ?? "") as Place);
for await (const line of createInterface({ input: process.stdin })) {
  const { number, step, most } = JSON.parse(line) as { number: number; step: Step; most: number };
  // A step that waits must not keep the next one.
  void act(store, step, most).then(
    (value) => process.stdout.write(`${JSON.stringify({ number, value })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ number, error: String(error) })}\n`),
  );
}
await store.close();
