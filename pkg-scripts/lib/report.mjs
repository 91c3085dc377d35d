// What a person sees while something is built: one line per step with its time, and errors that say what to do.
// All of it goes to stderr, so that a command run through the bootstrap keeps its stdout to itself.

const terminal = process.stderr.isTTY === true;
const plain = !terminal || process.env.NO_COLOR !== undefined;
const red = (text) => (plain ? text : `\x1b[31m${text}\x1b[39m`);
const dim = (text) => (plain ? text : `\x1b[2m${text}\x1b[22m`);

/** Something that a person has to put right: what happened, where, and what to do about it. */
export class Stop extends Error {
  constructor(what, { where, todo, output } = {}) {
    super(what);
    this.where = where;
    this.todo = todo;
    this.output = output;
  }
}

export const seconds = (since) => `${Math.max(1, Math.round((Date.now() - since) / 1000))} s`;

/** Steps under way, by label, with the time each began. On a terminal they share one line that is redrawn. */
const running = new Map();
let timer;

function redraw() {
  if (!terminal) return;
  const line = [...running].map(([label, since]) => `${label} … ${seconds(since)}`).join("  ·  ");
  process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

export function say(line) {
  if (terminal) process.stderr.write("\r\x1b[2K");
  process.stderr.write(`${line}\n`);
  if (running.size > 0) redraw();
}

/** Runs `work` as one step: a live line on a terminal, and one line with the time when it is done. */
export async function step(label, work) {
  const since = Date.now();
  running.set(label, since);
  timer ??= setInterval(redraw, 1000);
  redraw();
  try {
    const result = await work();
    running.delete(label);
    say(`${label} ${dim(`… ${seconds(since)}`)}`);
    return result;
  } finally {
    running.delete(label);
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }
}

/** Runs a script's main function. A `Stop` is told in full; anything else is our own mistake, and keeps its stack. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (terminal) process.stderr.write("\r\x1b[2K");
    if (error instanceof Stop) {
      if (error.output) process.stderr.write(`${error.output.trimEnd()}\n\n`);
      process.stderr.write(`${red("error:")} ${error.message}\n`);
      if (error.where) process.stderr.write(`  where: ${error.where}\n`);
      if (error.todo) process.stderr.write(`  what to do: ${error.todo}\n`);
    } else {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    }
    process.exit(1);
  }
}
