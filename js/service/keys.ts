/**
 * The keys of the service, in the ledger's store. A key is `tw_<id>_<secret>_<seal>`. Of the secret only the SHA-256 is
 * kept. The seal is never sent: it proves answers to the caller, and is made anew from a secret of the service's own, so
 * that whoever stands in the service's place, on its port or on the way, can't answer in its name.
 *
 * A key that was rotated has two secrets for a while. What is in the store counts within a second in every process.
 */

import { randomHex, sameText, sha256 } from "../digest.ts";
import { type Cells, cellsOf } from "../gate/cells.ts";
import type { Store } from "../stores/store.ts";
import type { KeyMade, KeyRow, KeyScope, KeyWords, NewKey } from "./api.ts";
import { badRequest, Refused } from "./exchange.ts";
import { hmacText } from "./mac.ts";

interface Secret {
  readonly generation: number;
  readonly hash: string;
  /** From then on it is worth nothing, in milliseconds; `null` is never. */
  readonly until: number | null;
}

interface KeyCell extends KeyWords {
  readonly id: string;
  readonly created: number;
  readonly expires?: number;
  readonly rotated?: number;
  readonly secrets: readonly Secret[];
}

/** Who asks. */
export interface Caller {
  readonly key: KeyCell;
  /** Which of the key's secrets was used. */
  readonly generation: number;
  /** What proves answers to it; nothing for a browser. */
  readonly seal: string | undefined;
  readonly cookie: boolean;
}

export interface Keys {
  add(asked: NewKey): Promise<KeyMade>;
  list(): Promise<readonly KeyRow[]>;
  rotate(id: string, overlapSeconds: number): Promise<KeyMade>;
  revoke(id: string): Promise<void>;
  /** Who has this key, whole or without its seal; nothing where nobody has. */
  find(text: string): Promise<Caller | undefined>;
  /** A browser's token for a key that was found. */
  login(caller: Caller): Promise<string>;
  byCookie(token: string): Promise<Caller | undefined>;
  logout(token: string): Promise<void>;
  /** The one key that is made where there is none: with it the others are made. */
  first(): Promise<string | undefined>;
  /** Writes down which keys were used. */
  flush(): Promise<void>;
  /** Called after a key was changed here. */
  onChange(listener: () => void): void;
}

const PREFIX = "service/key/";
const USED = "service/used/";
const LOGIN = "service/login/";
const SECRET = "service/secret";
/** How long a key that was found is believed without asking the store, in milliseconds. */
const BELIEVED = 1_000;
const MOST_BELIEVED = 10_000;
export const LOGIN_MS = 12 * 3_600_000;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const SCOPES: readonly KeyScope[] = ["evaluate", "settle", "approve", "read", "admin"];

export function mayDo(caller: Caller, scope: KeyScope): boolean {
  const { scopes } = caller.key;
  return scopes.includes(scope) || (scope === "read" && scopes.includes("admin"));
}

export function openKeys(store: Store, now: () => number): Keys {
  const cells: Cells = cellsOf(store);
  const believed = new Map<string, { readonly caller: Caller; readonly at: number }>();
  const used = new Map<string, number>();
  const listeners: (() => void)[] = [];
  /** What is looked up by is an HMAC under a key of this process: how long that takes tells nothing of the secrets. */
  const blindKey = randomHex(32);
  let master: Promise<string> | undefined;

  function masterSecret(): Promise<string> {
    master ??= cells
      .change<{ readonly secret: string }>(SECRET, (there) =>
        there === undefined ? { value: { secret: randomHex(32) }, expires: null } : undefined,
      )
      .then((cell) => {
        if (cell === undefined) throw new Error("the service's secret can't be read");
        return cell.secret;
      });
    master.catch(() => {
      master = undefined;
    });
    return master;
  }

  async function sealOf(id: string, generation: number): Promise<string> {
    return (await hmacText(await masterSecret(), `tollwarden seal 1.${id}.${generation}`)).slice(0, 32);
  }

  async function made(cell: KeyCell, secret: string): Promise<KeyMade> {
    const generation = cell.secrets[0]?.generation ?? 0;
    return { key: `tw_${cell.id}_${secret}_${await sealOf(cell.id, generation)}`, row: rowOf(cell) };
  }

  function changed(): void {
    believed.clear();
    for (const listener of listeners) listener();
  }

  function alive(cell: KeyCell | undefined, at: number): cell is KeyCell {
    return cell !== undefined && (cell.expires === undefined || at < cell.expires);
  }

  async function believe(place: string, find: () => Promise<Caller | undefined>): Promise<Caller | undefined> {
    const at = now();
    const there = believed.get(place);
    const known = there !== undefined && at - there.at < BELIEVED && at >= there.at;
    const caller = known ? there.caller : await find();
    if (caller === undefined) {
      believed.delete(place);
      return undefined;
    }
    if (!known) {
      if (believed.size >= MOST_BELIEVED) believed.clear();
      believed.set(place, { caller, at });
      used.set(caller.key.id, at);
    }
    return caller;
  }

  return {
    async add(asked) {
      const cell = checked(asked, now());
      const secret = randomHex(32);
      const whole: KeyCell = { ...cell, secrets: [{ generation: 1, hash: await sha256(secret), until: null }] };
      if (!(await cells.put(PREFIX + whole.id, 0, whole, whole.expires ?? null))) {
        throw new Refused(409, "conflict", "there is a key with this id; try again");
      }
      changed();
      return made(whole, secret);
    },

    async list() {
      const rows: KeyRow[] = [];
      for await (const [, cell] of cells.all<KeyCell>(PREFIX)) {
        const at = used.get(cell.id) ?? (await cells.read<number>(USED + cell.id)).value;
        rows.push({ ...rowOf(cell), ...(at !== undefined && { last_used_at: iso(at) }) });
      }
      return rows.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    },

    async rotate(id, overlapSeconds) {
      const secret = randomHex(32);
      const hash = await sha256(secret);
      const at = now();
      const cell = await cells.change<KeyCell>(PREFIX + id, (there) => {
        if (!alive(there, at)) throw unknownKey(id);
        const [latest] = there.secrets;
        const old =
          latest === undefined || overlapSeconds === 0 ? [] : [{ ...latest, until: at + overlapSeconds * 1_000 }];
        const secrets = [{ generation: (latest?.generation ?? 0) + 1, hash, until: null }, ...old];
        return { value: { ...there, rotated: at, secrets }, expires: there.expires ?? null };
      });
      changed();
      if (cell === undefined) throw unknownKey(id);
      return made(cell, secret);
    },

    async revoke(id) {
      const { value, version } = await cells.read<KeyCell>(PREFIX + id);
      if (value === undefined || !(await cells.put(PREFIX + id, version, undefined, null))) throw unknownKey(id);
      changed();
    },

    async find(text) {
      const [, id, secret] = /^tw_([0-9a-f]{12})_([0-9a-f]{64})(?:_[0-9a-f]{32})?$/.exec(text) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      return believe(await hmacText(blindKey, `${id}.${secret}`), async () => {
        const { value: cell } = await cells.read<KeyCell>(PREFIX + id);
        const at = now();
        if (!alive(cell, at)) return undefined;
        const hash = await sha256(secret);
        const found = cell.secrets
          .filter((one) => sameText(one.hash, hash))
          .find(({ until }) => until === null || at < until);
        if (found === undefined) return undefined;
        return { key: cell, generation: found.generation, seal: await sealOf(id, found.generation), cookie: false };
      });
    },

    async login(caller) {
      const token = randomHex(32);
      const cell = { key: caller.key.id, generation: caller.generation };
      await cells.put(LOGIN + (await sha256(token)), 0, cell, now() + LOGIN_MS);
      return token;
    },

    async byCookie(token) {
      if (!/^[0-9a-f]{64}$/.test(token)) return undefined;
      return believe(await hmacText(blindKey, `cookie.${token}`), async () => {
        const login = await cells.read<{ readonly key: string; readonly generation: number }>(
          LOGIN + (await sha256(token)),
        );
        if (login.value === undefined) return undefined;
        const { key, generation } = login.value;
        const { value: cell } = await cells.read<KeyCell>(PREFIX + key);
        const at = now();
        if (!alive(cell, at)) return undefined;
        const held = cell.secrets.find((one) => one.generation === generation);
        if (held === undefined || (held.until !== null && at >= held.until)) return undefined;
        return { key: cell, generation, seal: undefined, cookie: true };
      });
    },

    async logout(token) {
      if (!/^[0-9a-f]{64}$/.test(token)) return;
      believed.delete(await hmacText(blindKey, `cookie.${token}`));
      const place = LOGIN + (await sha256(token));
      const { version } = await cells.read(place);
      if (version !== 0) await cells.put(place, version, undefined, null);
    },

    async first() {
      for await (const [,] of cells.all(PREFIX)) return undefined;
      // Of several processes that begin at once, one makes it.
      const { value, version } = await cells.read(`${SECRET}/first`);
      if (value !== undefined || !(await cells.put(`${SECRET}/first`, version, { at: now() }, null))) return undefined;
      const { key } = await this.add({ name: "first admin", scopes: ["admin", "approve"], approver: "admin" });
      return key;
    },

    async flush() {
      const all = [...used];
      used.clear();
      for (const [id, at] of all)
        await cells.change<number>(USED + id, () => ({ value: at, expires: at + 400 * 86_400_000 }));
    },

    onChange: (listener) => void listeners.push(listener),
  };
}

/** What an agent holds can't answer questions, and can't see what others do. */
function checked(asked: NewKey, at: number): Omit<KeyCell, "secrets"> {
  const { name, scopes, agent, session, client, approver, max_usd, expires_at } = asked;
  const pays = scopes.some((scope) => scope === "evaluate" || scope === "settle");
  const looks = scopes.some((scope) => scope === "approve" || scope === "read" || scope === "admin");
  for (const scope of scopes)
    if (!SCOPES.includes(scope)) throw badRequest("body.scopes", `\`${scope}\` is none of ${SCOPES.join(", ")}`);
  if (scopes.length === 0)
    throw badRequest("body.scopes", "a key that may do nothing is none", `name some of ${SCOPES.join(", ")}`);
  if (pays && looks) {
    throw badRequest("body.scopes", "an agent's key can't approve, see everything, or be an admin's", "make two keys");
  }
  if (pays !== (agent !== undefined)) {
    throw badRequest(
      "body.agent",
      pays ? "a key that pays names its agent" : "only a key with `evaluate` or `settle` names an agent",
    );
  }
  if (agent !== undefined && !NAME.test(agent))
    throw badRequest("body.agent", `\`${agent}\` is not 1 to 64 letters, digits and \`_.-\``);
  if (scopes.includes("approve") !== (approver !== undefined)) {
    throw badRequest(
      "body.approver",
      "a key with `approve` names the approver that it answers as, and no other key does",
    );
  }
  if (max_usd !== undefined && !/^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$/.test(max_usd)) {
    throw badRequest("body.max_usd", `\`${max_usd}\` is no figure in US dollars, such as \`0.50\``);
  }
  const expires = expires_at === undefined ? undefined : Date.parse(expires_at);
  if (expires !== undefined && !(expires > at))
    throw badRequest("body.expires_at", `\`${expires_at}\` is no time to come, in ISO 8601`);
  const known = { agent, session, client, approver, max_usd, expires };
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return { id: randomHex(6), name, scopes: [...new Set(scopes)], ...given, created: at };
}

function rowOf(cell: KeyCell): KeyRow {
  const { secrets, created, expires, rotated, ...row } = cell;
  const old = secrets.find(({ until }) => until !== null)?.until;
  return {
    ...row,
    created_at: iso(created),
    ...(expires !== undefined && { expires_at: iso(expires) }),
    ...(rotated !== undefined && { rotated_at: iso(rotated) }),
    ...(old != null && { old_until: iso(old) }),
  };
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

function unknownKey(id: string): Refused {
  return new Refused(404, "not_found", `there is no key \`${id}\``, { where: "path.id", fix: "see GET /v1/keys" });
}
