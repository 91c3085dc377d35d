// Running other programs: quiet while they succeed, their whole output when they fail.

import { spawn, spawnSync } from "node:child_process";
import { root } from "./paths.mjs";
import { Stop } from "./report.mjs";

const live = new Set();
process.on("exit", () => {
  for (const child of live) child.kill();
});

/** The program that has the terminal, if one has: it is told of signals, and ends in its own way. */
let handedOver;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    if (handedOver === undefined) process.exit(signal === "SIGINT" ? 130 : 143);
    // The terminal has sent it the SIGINT already.
    if (signal === "SIGTERM") handedOver.kill(signal);
  });
}

const shown = (command, args) => [command, ...args].join(" ");

/**
 * Runs a program to its end and gives `{ status, stdout, output }`, `output` being both streams as they came.
 * @throws {Stop} if the program can't be started
 */
export function attempt(command, args, { cwd = root, env = {}, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    live.add(child);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stdin.on("error", () => {}); // it may leave without reading its input: its status tells
    child.stdin.end(input);
    child.on("error", (error) => {
      live.delete(child);
      reject(new Stop(`\`${command}\` could not be started: ${error.message}`, { where: shown(command, args) }));
    });
    child.on("close", (code, signal) => {
      live.delete(child);
      resolve({ status: code ?? signal, stdout, output });
    });
  });
}

/**
 * Runs a program that has to succeed, and gives its stdout.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, input?: string, what?: string, todo?: string }} [options]
 * @throws {Stop} with its whole output, if it fails
 */
export async function run(command, args, { what = `\`${command}\` failed`, todo, ...options } = {}) {
  const { status, stdout, output } = await attempt(command, args, options);
  if (status === 0) return stdout;
  throw new Stop(`${what} (status ${status})`, { where: shown(command, args), todo, output });
}

/** Hands the terminal over to a program, and gives its status. */
export function passThrough(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
    handedOver = child;
    live.add(child);
    const over = () => {
      handedOver = undefined;
      live.delete(child);
    };
    child.on("error", (error) => {
      over();
      reject(new Stop(`\`${command}\` could not be started: ${error.message}`, { where: shown(command, args) }));
    });
    child.on("close", (code, signal) => {
      over();
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

/** The first line that a program prints, or undefined if it isn't there or fails. */
export function probe(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, env: { ...process.env, ...env }, encoding: "utf8" });
  return status === 0 ? stdout.trim().split("\n")[0] : undefined;
}
