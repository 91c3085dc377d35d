/**
 * One POST to a host that the operator named, and to no other place: https, no redirects, no private address behind the
 * name, a short answer, a time limit. On Node the address that was checked is the one that is connected to, so that a name
 * can't change between the check and the use.
 */

import type { LookupFunction } from "node:net";
import { builtin } from "../builtin.ts";
import { isAddress, isPrivateAddress } from "./addresses.ts";

export interface OutboundOptions {
  /** Hosts, as `name` or `name:port`, that may be private, and be reached by http. Of the operator; never of a request. */
  readonly allowHosts?: readonly string[] | undefined;
  /** Milliseconds for one try. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** All addresses of a name; for tests. Default: those of the system. */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An address that must not be called. Trying again would not help. */
export class UnsafeUrl extends Error {
  override readonly name = "UnsafeUrl";
}

/** The longest answer that is read, in bytes. */
const LONGEST = 64 * 1024;

/** The URL, if it may be called as far as its text says. Throws `UnsafeUrl`. */
export function checkUrl(
  text: string,
  allowHosts: readonly string[] = [],
): { readonly url: URL; readonly listed: boolean } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UnsafeUrl(`\`${text}\` is not a URL`);
  }
  // A secret may stand in the path: only the host is repeated.
  const refuse = (why: string): never => {
    throw new UnsafeUrl(`\`${url.protocol}//${url.host}\` ${why}`);
  };
  const host = url.hostname.toLowerCase();
  const listed = allowHosts.some((known) => known.toLowerCase() === host || known.toLowerCase() === url.host);
  const local = host === "localhost" || host === "127.0.0.1" || host === "[::1]";
  if (url.username !== "" || url.password !== "") refuse("carries a user name or a password");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && (local || listed))) refuse("is not https");
  if (!local && !listed) {
    if (isAddress(host) && isPrivateAddress(host.replace(/^\[|\]$/g, "")))
      refuse("is a private address; list the host if it is meant");
    if (!isAddress(host) && (!host.includes(".") || /\.(local|internal|localhost|lan|home|arpa)\.?$/.test(host))) {
      refuse("is a private name; list the host if it is meant");
    }
  }
  return { url, listed: listed || local };
}

/** Posts JSON text. Throws `UnsafeUrl` for a place that must not be called, and any other error where the call fails. */
export async function post(
  text: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  options: OutboundOptions = {},
): Promise<Answer> {
  const { url, listed } = checkUrl(text, options.allowHosts);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  const all = { "content-type": "application/json", "user-agent": "tollwarden", ...headers };
  const send = builtin("node:https") === undefined ? byFetch : byNode;
  const answer = await send(url, body, all, signal, listed, options).catch((cause: unknown) => {
    if (!limit.aborted) throw cause;
    throw new Error(`\`${url.host}\` did not answer within ${timeoutMs} ms: timeout`, { cause });
  });
  if (answer.status >= 300 && answer.status < 400) {
    throw new UnsafeUrl(`\`${url.host}\` answered with a redirect, which is not followed`);
  }
  return answer;
}

type Send = (
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  listed: boolean,
  options: OutboundOptions,
) => Promise<Answer>;

/** Where names can't be looked up, as on an edge, the platform itself keeps private networks out of reach. */
const byFetch: Send = async (url, body, headers, signal) => {
  const response = await fetch(url, { method: "POST", body, headers, signal, redirect: "manual" });
  if (response.type === "opaqueredirect") return { status: 302, headers: {}, body: "" };
  const text = await response.text();
  if (text.length > LONGEST) throw new Error(`the answer of \`${url.host}\` is longer than ${LONGEST} bytes`);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: text };
};

const byNode: Send = async (url, body, headers, signal, listed, { resolve = systemAddresses }) => {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isAddress(host) ? [host] : await resolve(host);
  const wrong = listed ? undefined : addresses.find(isPrivateAddress);
  if (wrong !== undefined)
    throw new UnsafeUrl(`\`${url.host}\` leads to the private address ${wrong}; list the host if it is meant`);
  const [address] = addresses;
  if (address === undefined) throw new Error(`\`${host}\` has no address`);
  signal.throwIfAborted();
  // What was checked is what is called.
  const family = address.includes(":") ? 6 : 4;
  const lookup: LookupFunction = (_, { all }, done) =>
    all === true ? done(null, [{ address, family }]) : done(null, address, family);
  const { request } = builtin(url.protocol === "https:" ? "node:https" : "node:http") as typeof import("node:https");
  return new Promise((accept, reject) => {
    const sent = request(url, { method: "POST", headers, lookup, signal, agent: false }, (response) => {
      const parts: Uint8Array[] = [];
      let length = 0;
      response.on("data", (part: Uint8Array) => {
        length += part.length;
        if (length > LONGEST) sent.destroy(new Error(`the answer of \`${url.host}\` is longer than ${LONGEST} bytes`));
        else parts.push(part);
      });
      response.on("error", reject);
      response.on("end", () => {
        const plain = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        accept({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(plain),
          body: Buffer.concat(parts).toString(),
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
};

async function systemAddresses(host: string): Promise<readonly string[]> {
  const { lookup } = builtin("node:dns/promises") as typeof import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
