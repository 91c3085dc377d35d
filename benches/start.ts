/** One process: milliseconds of processor time from nothing to the first decision. */

const before = process.cpuUsage();
const { memoryStore, openWarden } = await import("../js/index.ts");
const { OFFER, PLAIN, policyOf, urlOf } = await import("./payment.ts");
const warden = await openWarden({ policy: policyOf(PLAIN), store: memoryStore(), agent: "agent-1" });
await warden.authorize({ url: urlOf(1), offer: OFFER });
const { user, system } = process.cpuUsage(before);
process.stdout.write(String((user + system) / 1_000));
