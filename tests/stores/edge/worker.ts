/** The Worker of `durable.test.ts` and of `tests/approvals/stores.test.ts`: it runs inside workerd, and does there what the test asks for. */

import { storeCases } from "../../../js/stores/conformance.ts";
import { durableObjectStore, type LedgerNamespace, LedgerObject } from "../../../js/stores/durable.ts";
import { type Commit, type Store, StoreError } from "../../../js/stores/store.ts";
import { act, type Step } from "../../approvals/actor.ts";
import { counted, type Spending, spend } from "./spend.ts";

interface Env {
  readonly LEDGER: LedgerNamespace;
  readonly PLAIN: LedgerNamespace;
  readonly OTHER: LedgerNamespace;
  /** The other Workers, each in an isolate of its own; the one that has the objects passes their questions on. */
  readonly [agent: `AGENT_${string}`]: { fetch(request: Request): Promise<Response> } | undefined;
}

type Sql = (query: string) => Iterable<Record<string, unknown>>;
interface State {
  readonly storage: {
    readonly sql: { exec: Sql };
    getAlarm(): Promise<number | null>;
    setAlarm(at: number): Promise<void>;
  };
  abort(reason: string): void;
}

/** A ledger that can be looked into, and broken. */
export class TestLedger extends LedgerObject {
  readonly #test: State;
  #silent = false;

  constructor(state: ConstructorParameters<typeof LedgerObject>[0] & State) {
    super(state);
    this.#test = state;
  }

  override async fetch(request: Request): Promise<Response> {
    if (!request.url.startsWith("https://test/")) {
      const response = await super.fetch(request);
      if (this.#silent) this.#test.abort("the test cut the answer off");
      return response;
    }
    const { sql, silent, alarm } = (await request.json()) as { sql?: string; silent?: boolean; alarm?: boolean };
    if (silent) this.#silent = true;
    if (alarm) await super.alarm();
    return Response.json({
      rows: sql === undefined ? [] : [...this.#test.storage.sql.exec(sql)],
      alarm: await this.#test.storage.getAlarm(),
    });
  }
}

/** A ledger that was declared without SQLite, under `new_classes`. */
export class PlainLedger extends LedgerObject {}

/** A class of somebody else's, behind a binding that was meant for the ledger. */
export class Stranger {
  async fetch(): Promise<Response> {
    return Response.json({ hello: "world" });
  }
}

/** The time of the object that a case runs against: cases let time pass by themselves, however slow the machine is. */
let caseTime: number | null = null;
const realNow = Date.now;
Date.now = () => caseTime ?? realNow();

async function runCase(env: Env, name: string): Promise<string> {
  const found = storeCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case is called \`${name}\``);
  const scope = crypto.randomUUID();
  const open = () => durableObjectStore(env.LEDGER, { scope, pollMs: 20 });
  caseTime = realNow();
  const store = await open();
  const opened = [store];
  try {
    await found.run({
      store,
      async peer() {
        const peer = await open();
        opened.push(peer);
        return peer;
      },
      now: () => Date.now(),
      pass(ms) {
        caseTime = Date.now() + ms;
      },
      dispose: async () => {},
    });
  } finally {
    caseTime = null;
    for (const one of opened) await one.close();
  }
  return "passed";
}

type Ask =
  | { readonly do: "case"; readonly name: string }
  | { readonly do: "load"; readonly scope: string; readonly keys: readonly string[] }
  | { readonly do: "commit"; readonly scope: string; readonly commit: Commit }
  | { readonly do: "big"; readonly scope: string; readonly cells: readonly { key: string; units: number }[] }
  | { readonly do: "scan"; readonly scope: string; readonly prefix: string }
  | {
      readonly do: "open";
      readonly binding: "LEDGER" | "PLAIN" | "OTHER";
      readonly scope?: string;
      readonly stub?: boolean;
    }
  | { readonly do: "raw"; readonly url: string; readonly method: string; readonly body: string; readonly scope: string }
  | { readonly do: "inside"; readonly scope: string; readonly sql?: string; readonly silent?: boolean }
  | { readonly do: "spend"; readonly scope: string; readonly spending: Spending }
  | { readonly do: "counted"; readonly scope: string; readonly policy: object }
  | { readonly do: "act"; readonly scope: string; readonly step: Step; readonly most: number };

async function answer(env: Env, ask: Ask): Promise<unknown> {
  const stub = (scope: string) => env.LEDGER.get(env.LEDGER.idFromName(scope));
  const withStore = async <T>(scope: string, work: (store: Store) => Promise<T>): Promise<T> => {
    const store = await durableObjectStore(env.LEDGER, { scope });
    return work(store).finally(() => store.close());
  };
  switch (ask.do) {
    case "case":
      return runCase(env, ask.name);
    case "load":
      return withStore(ask.scope, (store) => store.load(ask.keys));
    case "commit":
      return withStore(ask.scope, (store) => store.commit(ask.commit));
    case "big": {
      const write = ask.cells.map(({ key, units }) => ({ key, value: "x".repeat(units), expires: null }));
      return withStore(ask.scope, (store) => store.commit({ read: [], write }));
    }
    case "scan":
      return withStore(ask.scope, async (store) => {
        const found: (readonly [string, number | undefined])[] = [];
        for await (const { key, value } of store.scan(ask.prefix)) found.push([key, value?.length]);
        return found;
      });
    case "open": {
      const target = ask.stub ? stub(ask.scope ?? "stub") : env[ask.binding];
      const options = ask.scope === undefined || ask.stub ? {} : { scope: ask.scope };
      const store = await durableObjectStore(target, options);
      return store.load(["a"]);
    }
    case "raw":
      return (await stub(ask.scope).fetch(ask.url, { method: ask.method, body: ask.body })).json();
    case "inside":
      return (await stub(ask.scope).fetch("https://test/", { method: "POST", body: JSON.stringify(ask) })).json();
    case "spend":
      return withStore(ask.scope, (store) => spend(store, ask.spending));
    case "counted":
      return withStore(ask.scope, (store) => counted(store, ask.policy));
    case "act":
      return withStore(ask.scope, (store) => act(store, ask.step, ask.most));
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const other = env[`AGENT_${new URL(request.url).pathname.slice(1)}`];
    if (other !== undefined) return other.fetch(request);
    try {
      return Response.json({ value: await answer(env, (await request.json()) as Ask) });
    } catch (error) {
      const { message, stack } = error as Error;
      const code = error instanceof StoreError ? error.code : undefined;
      return Response.json({ error: { code, message, stack: code === undefined ? stack : undefined } });
    }
  },
};

export type { Ask };
