/**
 * One writer for a file, among the processes of one host. The lock is a file beside it with the holder's process in it;
 * a lock whose process is gone is taken over.
 */

import { node } from "./node.ts";
import { SinkBusy } from "./sink.ts";

export interface Lock {
  /** Throws when the lock is no longer ours: somebody took it away. */
  mustHold(): void;
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, where the system tells: a number that was used before is another process. */
  readonly began: string;
  readonly token: string;
}

/** Throws `SinkBusy` while another process that lives, or one of another host, has it. */
export function lockFile(path: string): Lock {
  const lock = `${path}.lock`;
  const me: Holder = {
    pid: process.pid,
    host: node("node:os").hostname(),
    began: beganAt(process.pid),
    token: crypto.randomUUID(),
  };
  const mine = `${lock}.${me.token}`;
  node("node:fs").writeFileSync(mine, JSON.stringify(me), { mode: 0o600, flag: "wx" });
  try {
    for (let tries = 0; tries < 3; tries++) {
      try {
        // A link is made or refused in one step, and with its content in it.
        node("node:fs").linkSync(mine, lock);
        return held(lock, me);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      }
      const holder = read(lock);
      if (holder !== undefined && lives(holder)) {
        throw new SinkBusy(`\`${path}\` is written by process ${holder.pid} on ${holder.host}`);
      }
      takeAway(lock, holder);
    }
    throw new SinkBusy(`others keep taking the lock of \`${path}\``);
  } finally {
    node("node:fs").rmSync(mine, { force: true });
  }
}

/** Moves a dead lock out of the way. If another took over meanwhile, it is theirs that was moved: it goes back. */
function takeAway(lock: string, dead: Holder | undefined): void {
  const aside = `${lock}.${crypto.randomUUID()}`;
  try {
    node("node:fs").renameSync(lock, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  try {
    if (read(aside)?.token !== dead?.token) node("node:fs").linkSync(aside, lock);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
  } finally {
    node("node:fs").rmSync(aside, { force: true });
  }
}

function held(lock: string, me: Holder): Lock {
  const ours = () => read(lock)?.token === me.token;
  return {
    mustHold() {
      if (!ours()) throw new SinkBusy(`the lock \`${lock}\` was taken away`);
    },
    release() {
      if (ours()) node("node:fs").rmSync(lock, { force: true });
    },
  };
}

function read(lock: string): Holder | undefined {
  try {
    const holder = JSON.parse(node("node:fs").readFileSync(lock, "utf8")) as Partial<Holder>;
    const { pid, host, began, token } = holder;
    if (typeof pid !== "number" || typeof host !== "string" || typeof token !== "string") return undefined;
    return { pid, host, token, began: began ?? "" };
  } catch {
    return undefined;
  }
}

function lives({ pid, host, began }: Holder): boolean {
  if (host !== node("node:os").hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = beganAt(pid);
  return began === "" || now === "" || now === began;
}

/** Linux tells when a process began, in ticks since the machine did. */
function beganAt(pid: number): string {
  try {
    const stat = node("node:fs").readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold anything, so the fields are counted after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
