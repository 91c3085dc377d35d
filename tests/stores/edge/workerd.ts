/** workerd with the ledger's object in one service, and further services that are bound to it, each in its own isolate. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { Miniflare, type WorkerOptions } from "miniflare";
import { bundle, coreModule } from "./bundle.ts";
import type { Ask } from "./worker.ts";

export interface Workerd {
  /** Asks a Worker: the one that has the object, or the n-th of the others. Its errors are thrown here. */
  ask<T = unknown>(ask: Ask, worker?: number): Promise<T>;
  dispose(): Promise<void>;
}

export interface WorkerdOptions {
  /** So many Workers beside the one that has the object. */
  readonly others?: number;
  /** The folder that keeps the objects; without one they are gone at the end. */
  readonly folder?: string;
  readonly compatibilityDate?: string;
}

/** An answer of the Worker that was an error there. */
export class Answered extends Error {
  readonly code: string | undefined;
  constructor({ code, message, stack }: { code?: string; message: string; stack?: string }) {
    super(stack ?? message);
    this.code = code;
  }
}

/**
 * By HTTP, because Miniflare's own `getWorker` asks one at a time; on a connection of its own, because workerd closes one
 * that was idle for some seconds, perhaps at the moment at which it is used again.
 */
function post(url: URL, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve(text)).on("error", reject);
    });
    sent.on("error", reject).end(body);
  });
}

/** The Worker whose objects they all use. */
const HOME = "ledger";

let script: Promise<string> | undefined;

export async function startWorkerd(options: WorkerdOptions = {}): Promise<Workerd> {
  const { others = 0, folder, compatibilityDate = "2026-01-01" } = options;
  script ??= bundle("./worker.ts", "workerd");
  const modules = [
    { type: "ESModule" as const, path: "worker.js", contents: await script },
    { type: "CompiledWasm" as const, path: "core.wasm", contents: coreModule() },
  ];
  const names = Array.from({ length: others }, (_, i) => `agent-${i}`);
  const worker = (name: string): WorkerOptions => {
    const bound = (className: string, useSQLite = true) =>
      name === HOME ? { className, useSQLite } : { className, useSQLite, scriptName: HOME };
    const durableObjects = {
      LEDGER: bound("TestLedger"),
      PLAIN: bound("PlainLedger", false),
      OTHER: bound("Stranger"),
    };
    const serviceBindings =
      name === HOME ? Object.fromEntries(names.map((_, i) => [`AGENT_${i + 1}`, `agent-${i}`])) : {};
    return { name, modules, compatibilityDate, durableObjects, serviceBindings };
  };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    ...(folder !== undefined && { durableObjectsPersist: folder }),
    workers: [HOME, ...names].map(worker),
  });
  const address = await miniflare.ready;

  return {
    async ask<T>(ask: Ask, number = 0) {
      assert.ok(number <= others, `there is no worker ${number}`);
      const text = await post(new URL(`/${number}`, address), JSON.stringify(ask));
      const answer = JSON.parse(text) as { value: T } | { error: { message: string } };
      if ("error" in answer) throw new Answered(answer.error);
      return answer.value;
    },
    dispose: () => miniflare.dispose(),
  };
}
