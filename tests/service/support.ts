/** A service in this process, and whoever calls it. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { memoryStore, type Store } from "../../js/index.ts";
import type { KeyScope, NewKey } from "../../js/service/api.ts";
import { createService, type Service, type ServiceOptions, serve } from "../../js/service/index.ts";

export const POLICY = {
  payment: { max_usd: "1", approve_from_usd: "0.50" },
  budgets: [{ name: "daily", limit_usd: "5", window: "24h", per: "agent" }],
};

export const WEATHER = "https://api.example.com/weather";

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is what the test says
  readonly body: any;
}

export type Calls = (
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Said>;

export interface Running {
  readonly url: string;
  readonly service: Service;
  readonly store: Store;
  readonly call: Calls;
  readonly admin: string;
  key(asked: Partial<NewKey> & { readonly scopes: readonly KeyScope[] }): Promise<string>;
  /** A key that pays, of this agent. */
  agent(name: string, more?: Partial<NewKey>): Promise<string>;
}

export function callsOf(url: string): Calls {
  return async (key, method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      redirect: "manual",
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let read: unknown;
    try {
      read = JSON.parse(text);
    } catch {
      read = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: read };
  };
}

export async function running(t: TestContext, options: Partial<ServiceOptions> = {}): Promise<Running> {
  const store = options.store ?? memoryStore();
  const service = await createService({ policy: POLICY, store, ...options });
  const serving = await serve(service);
  t.after(async () => {
    await service.close();
    await serving.stop(50);
  });
  const admin = (await service.keys.first()) ?? "";
  const key: Running["key"] = async (asked) => (await service.keys.add({ name: "test", ...asked })).key;
  return {
    url: serving.url,
    service,
    store,
    call: callsOf(serving.url),
    admin,
    key,
    agent: (name, more = {}) => key({ scopes: ["evaluate", "settle"], agent: name, ...more }),
  };
}

/** Every cell of a store, as text. */
export async function everything(store: Store): Promise<string> {
  let all = "";
  for await (const { key, value } of store.scan("")) all += `${key} ${value}\n`;
  return all;
}

export function must<T>(value: T | undefined | null): T {
  assert.ok(value !== undefined && value !== null);
  return value;
}
