// A Chromium for the tests that need a browser: the one of this machine, or Debian's. Playwright's own download is no
// part of its package, and is not needed.

import { existsSync } from "node:fs";
import { probe, run } from "./child.mjs";
import { say, step } from "./report.mjs";

const commands = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const places = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The program to start, or undefined. `TOLLWARDEN_CHROMIUM` names another one; empty, it stands for none. */
export function findChromium() {
  const named = process.env.TOLLWARDEN_CHROMIUM;
  if (named !== undefined) return named === "" ? undefined : named;
  const found = commands.find((name) => probe(name, ["--version"]) !== undefined);
  return found === undefined ? places.find(existsSync) : probe("sh", ["-c", `command -v ${found}`]);
}

/** Installs it where it is missing and can be had (Debian, as root). Says so, and loudly, where it can't. */
export async function bringChromium() {
  if (findChromium() !== undefined) return;
  const isRoot = process.getuid?.() === 0;
  if (process.env.TOLLWARDEN_CHROMIUM === undefined && isRoot && probe("apt-get", ["--version"]) !== undefined) {
    try {
      await step("installing Debian's chromium", async () => {
        const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
        const wait = ["-o", "DPkg::Lock::Timeout=300"];
        await run("apt-get", [...wait, "update"], options);
        await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", "chromium"], options);
      });
    } catch (error) {
      say(`chromium could not be installed: ${error.message}`);
    }
    if (findChromium() !== undefined) return;
  }
  say("!! NO CHROMIUM: the tests in a real browser (the IndexedDB store, the dashboard) are SKIPPED");
  say("!! install chromium, or name one in TOLLWARDEN_CHROMIUM");
}
