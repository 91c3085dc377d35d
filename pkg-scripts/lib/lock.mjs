// One build at a time in one checkout: two terminals, or tests that each start the command line, may ask at once.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./report.mjs";

/** Whether the process that wrote the lock is still there. A lock that can't be read is being written right now. */
function holderOf(file) {
  let pid;
  try {
    pid = Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === "EPERM" ? pid : undefined;
  }
}

/** Runs `work` while holding `file`; waits for another holder to finish, and takes over from one that is gone. */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOf(file);
    if (holder === undefined) {
      await sleep(200);
      if (holderOf(file) === undefined) rmSync(file, { force: true });
      continue;
    }
    if (!told) say(`waiting for another build in this checkout (process ${holder})`);
    told = true;
    await sleep(300);
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}
