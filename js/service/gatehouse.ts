/**
 * Who may come in: the service's own name in `Host`, a key or a cookie, and for a cookie that changes something a page of
 * the service's own. Nothing here looks at a body.
 */

import type { KeyScope } from "./api.ts";
import { type Answer, type Asked, nothing, Refused } from "./exchange.ts";
import { type Caller, type Keys, LOGIN_MS, mayDo } from "./keys.ts";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws for any name but the service's own: a page that points its own name at this address can't speak to it. */
export function hostCheck(url: string, hosts: readonly string[]): (asked: Asked) => void {
  const own = new Set([new URL(url).host, ...hosts].map((host) => host.toLowerCase()));
  return (asked) => {
    const host = asked.header("host")?.toLowerCase() ?? "";
    if (own.has(host)) return;
    // Only a service on this machine is called by this machine's names.
    const name = host.replace(/:\d{1,5}$/, "");
    if (LOOPBACK.has(name) && LOOPBACK.has(new URL(url).hostname)) return;
    throw new Refused(421, "wrong_host", `the service is not known as \`${host.slice(0, 100)}\``, {
      where: "headers.host",
      fix: "name it under `hosts` in the service's configuration",
    });
  };
}

/** Secure cookies get a name that no other page can set. */
export function cookieName(url: string): string {
  return url.startsWith("https:") ? "__Host-tollwarden" : "tollwarden";
}

export function cookieOf(asked: Asked, name: string): string | undefined {
  for (const part of asked.header("cookie")?.split(";") ?? []) {
    const at = part.indexOf("=");
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

function setCookie(url: string, value: string, seconds: number): string {
  const secure = url.startsWith("https:") ? "; Secure" : "";
  return `${cookieName(url)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** The page that asks must be the service's own. A program that is no browser sends no `Origin`, and no cookie either. */
export function ownOrigin(asked: Asked, url: string, needed: boolean): void {
  const origin = asked.header("origin");
  const site = asked.header("sec-fetch-site");
  const host = asked.header("host")?.toLowerCase();
  const good = origin === undefined ? !needed : isOwn(origin, url, host);
  if (good && (site === undefined || site === "same-origin" || site === "none")) return;
  throw new Refused(403, "wrong_origin", "another page can't do this with your cookie", {
    where: origin === undefined ? "headers.origin" : "headers.sec-fetch-site",
  });
}

function isOwn(origin: string, url: string, host: string | undefined): boolean {
  if (origin === new URL(url).origin) return true;
  // The host is checked before: it is a name of the service.
  return URL.canParse(origin) && new URL(origin).host === host && origin === new URL(origin).origin;
}

/** Who asks; nothing where nobody says it. Throws for a key that is worth nothing. */
export async function callerOf(asked: Asked, keys: Keys, url: string): Promise<Caller | undefined> {
  const given = asked.header("authorization");
  if (given !== undefined) {
    const [, key] = /^bearer +(\S+) *$/i.exec(given) ?? [];
    const caller = key === undefined ? undefined : await keys.find(key);
    if (caller !== undefined) return caller;
    throw unauthorized("the key is not known, has expired, or was revoked");
  }
  const token = cookieOf(asked, cookieName(url));
  if (token === undefined) return undefined;
  const caller = await keys.byCookie(token);
  if (caller !== undefined) ownOrigin(asked, url, asked.method !== "GET" && asked.method !== "HEAD");
  return caller;
}

export function unauthorized(message: string): Refused {
  return new Refused(401, "unauthorized", message, {
    where: "headers.authorization",
    fix: "send `authorization: Bearer tw_…`; keys are made with `tollwarden keys add`",
  });
}

export function mustBeAllowed(caller: Caller, scopes: readonly KeyScope[]): void {
  if (scopes.some((scope) => mayDo(caller, scope))) return;
  throw new Refused(
    403,
    "forbidden",
    `this key has ${caller.key.scopes.join(", ")}, and none of ${scopes.join(", ")}`,
    {
      fix: "use a key that may; `GET /v1/whoami` says what this one may do",
    },
  );
}

export async function login(asked: Asked, key: string, keys: Keys, url: string): Promise<Answer> {
  ownOrigin(asked, url, false);
  const caller = await keys.find(key.trim());
  if (caller === undefined) throw unauthorized("the key is not known, has expired, or was revoked");
  mustBeAllowed(caller, ["read", "approve", "admin"]);
  const token = await keys.login(caller);
  return nothing({ "set-cookie": setCookie(url, token, LOGIN_MS / 1_000) });
}

export async function logout(asked: Asked, keys: Keys, url: string): Promise<Answer> {
  ownOrigin(asked, url, false);
  const token = cookieOf(asked, cookieName(url));
  if (token !== undefined) await keys.logout(token);
  return nothing({ "set-cookie": setCookie(url, "", 0) });
}
