// Starts the anvil binary, and makes sure that it never outlives the process that started it.
//
// The npm package's own launcher is a Node script round the binary; it is left out, because it would be one more
// process to start (40 ms) and to end.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface Anvil {
  /** `http://127.0.0.1:<port>`, a port that was free. */
  readonly rpcUrl: string;
  /** Ends the process; resolves when it is gone. More than once is harmless. */
  stop(): Promise<void>;
}

// The shell waits for its standard input to close, which the kernel does for us when the parent ends, however it
// ends: return, crash, Ctrl-C or SIGKILL. Then it ends anvil. `exec 3<&0` is needed because a background job of a
// shell gets /dev/null as its input. Ctrl-C reaches the whole group: the parent is the one to react to it, while
// the chain goes on for as long as the parent needs it to close down.
const leash = `trap '' INT
exec 3<&0
"$0" "$@" </dev/null 3<&- &
chain=$!
(cat <&3 >/dev/null; kill "$chain" 2>/dev/null) &
wait "$chain"`;

/** The path of the binary that npm installed for this machine. */
function anvilBinary(): string {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`;
  const here = createRequire(import.meta.url);
  try {
    // Asked for from the launcher's folder, because that package is the one which depends on it.
    const launcher = createRequire(here.resolve("@foundry-rs/anvil/package.json"));
    const file = process.platform === "win32" ? "anvil.exe" : "anvil";
    return join(dirname(launcher.resolve(`${name}/package.json`)), "bin", file);
  } catch (error) {
    throw new Error(`no anvil binary for this machine: \`${name}\` is not installed`, { cause: error });
  }
}

/** Starts anvil on a free port of 127.0.0.1; resolves when it takes calls. Rejects after 10 s, or if it ends early. */
export async function startAnvil(chainId: number): Promise<Anvil> {
  const args = ["--port", "0", "--chain-id", String(chainId), "--color", "never"];
  const child =
    process.platform === "win32"
      ? spawn(anvilBinary(), args, { stdio: ["pipe", "pipe", "pipe"] })
      : spawn("/bin/sh", ["-c", leash, anvilBinary(), ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await listeningPort(child);
  // Whoever forgets stop() still ends: nothing of the child keeps this process's event loop alive.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();

  return {
    rpcUrl: `http://127.0.0.1:${port}`,
    async stop() {
      child.ref();
      if (process.platform === "win32") child.kill();
      else child.stdin?.destroy();
      await ended;
    },
  };
}

/** Reads the port from `Listening on 127.0.0.1:40123`, then leaves the output flowing into nothing. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (why: string) => {
      child.kill();
      child.stdin?.destroy();
      reject(new Error(`anvil did not start: ${why}: \`${text.slice(-500).trim()}\``));
    };
    const timer = setTimeout(() => fail("no answer within 10 s"), 10_000);
    const onExit = () => fail("it ended");
    const onText = (chunk: Buffer) => {
      text += chunk.toString();
      const port = /Listening on [\d.]+:(\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      child.off("exit", onExit);
      child.stdout?.off("data", onText);
      child.stderr?.off("data", onText);
      // Unread output would fill the pipe and stop the chain.
      child.stdout?.resume();
      child.stderr?.resume();
      resolve(Number(port));
    };
    child.once("exit", onExit);
    child.once("error", (error) => fail(error.message));
    child.stdout?.on("data", onText);
    child.stderr?.on("data", onText);
  });
}
