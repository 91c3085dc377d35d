// The command line as a child process, and the events that the tests send it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const main = fileURLToPath(new URL("../../js/cli/main.ts", import.meta.url));

export interface Ended {
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** For Node itself, before the program. */
  readonly node?: readonly string[];
}

export async function tollwarden(
  args: readonly string[],
  { input = "", cwd, node = [] }: RunOptions = {},
): Promise<Ended> {
  const since = Date.now();
  const child = spawn(process.execPath, [...node, main, ...args], { cwd });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // One that ends before it has read everything closes the pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const status = await new Promise<Ended["status"]>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal)),
  );
  const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
  return { status, stdout, stderr, milliseconds: Date.now() - since };
}

/** A folder with these files, for as long as `work` takes. */
export async function withFiles<R>(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => R | Promise<R>,
): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-cli-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const POLICY = `[payment]
max_usd = "1"

[[budgets]]
name = "daily"
limit_usd = "5"
window = "24h"
per = "agent"
`;

/** One cent, or as many atomic units as are given. */
export function offer(amount = "10000", description = "weather"): object {
  const entry = {
    scheme: "exact",
    network: "eip155:84532",
    amount,
    asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    payTo: "0x1111111111111111111111111111111111111111",
    maxTimeoutSeconds: 300,
    extra: { name: "USDC", version: "2" },
  };
  return { x402Version: 2, resource: { url: "https://api.example.com/weather", description }, accepts: [entry] };
}

export function authorize(id: string, more: object = {}): string {
  const event = {
    type: "authorize",
    id,
    at: "2026-01-05T10:00:00Z",
    agent: "a1",
    url: "https://api.example.com/weather",
  };
  return JSON.stringify({ ...event, offer: offer(), ...more });
}

/** Each line of the output, parsed. */
export function answers(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
