#!/usr/bin/env node
/** The command line. Each command is a file of its own; this one only finds it. */

import "./core.ts";
import { coreVersion } from "../core/version.ts";
import { approvalsCommand } from "./approvals.ts";
import { backtestCommand } from "./audit/backtest.ts";
import { replayCommand } from "./audit/replay.ts";
import { reportCommand } from "./audit/report.ts";
import { verifyCommand } from "./audit/verify.ts";
import { checkCommand } from "./check.ts";
import { explainCommand } from "./explain.ts";
import { freezeCommand, unfreezeCommand } from "./freeze.ts";
import { gatewayCommand } from "./gateway.ts";
import { guardrailCommand } from "./guardrail.ts";
import { holdsCommand } from "./holds.ts";
import { importCommand } from "./import.ts";
import { keysCommand } from "./keys.ts";
import { reasonsCommand } from "./reasons.ts";
import { refundsCommand } from "./refunds.ts";
import { scanCommand } from "./scan.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { type Command, failure, type Terminal, terminal } from "./terminal.ts";
import { testCommand } from "./test.ts";

const COMMANDS: readonly Command[] = [
  checkCommand,
  explainCommand,
  testCommand,
  importCommand,
  approvalsCommand,
  freezeCommand,
  unfreezeCommand,
  simulateCommand,
  holdsCommand,
  verifyCommand,
  replayCommand,
  backtestCommand,
  reportCommand,
  scanCommand,
  serveCommand,
  keysCommand,
  gatewayCommand,
  guardrailCommand,
  refundsCommand,
  reasonsCommand,
];

const USAGE = `tollwarden: a spending firewall for x402 payments

usage: tollwarden <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join("\n")}

  tollwarden <command> --help   how to use a command
  tollwarden --version          the version of the core
`;

async function main(args: readonly string[], out: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? out.error : out.print)(USAGE.trimEnd());
    return name === undefined ? 1 : 0;
  }
  if (name === "--version" || name === "-V") {
    out.print(coreVersion());
    return 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    out.error(`tollwarden: \`${name}\` is not a command; the commands are ${COMMANDS.map((c) => c.name).join(", ")}`);
    return 1;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    out.print(command.usage.trimEnd());
    return 0;
  }
  try {
    return await command.run(rest, out);
  } catch (error) {
    out.error(`tollwarden ${name}: ${failure(error)}`);
    return 1;
  }
}

// A reader that has seen enough, such as `head`, closes the pipe; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await main(process.argv.slice(2), terminal(process.stdout, process.stderr));
