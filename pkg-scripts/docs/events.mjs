// Runs the events that a page shows, and writes the core's own answers under them. In a fenced block of kind `events`,
// a line that begins with `→` is an event (further lines that are indented belong to it), and what follows with `←` is
// the answer. All blocks of a page are one run, with the policy of the page's first block of kind `toml`.

import { loadTools } from "../../js/cli/core.ts";
import { readPolicy } from "../../js/policy-source.ts";

const block = (kind) => new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, "gm");

/** The page with its answers as they are now. */
export function withAnswers(page) {
  if (!block("events").test(page)) return page;
  const policy = block("toml").exec(page)?.[1];
  if (policy === undefined) throw new Error("a page with events needs a policy in a block of kind `toml`");
  const engine = new (loadTools().Engine)(readPolicy(policy).json, true);
  const names = definitions(page);
  let number = 0;
  return page.replace(block("events"), (_, body) => {
    const answered = eventsOf(body).map((event) => {
      number += 1;
      return `${event}\n← ${engine.handle(expand(event, names), number)}\n`;
    });
    return `\`\`\`events\n${answered.join("\n")}\`\`\``;
  });
}

/** `→ …` with its further lines; answers are left out. */
function eventsOf(body) {
  const events = [];
  for (const line of body.split("\n")) {
    if (line.startsWith("→")) events.push(line);
    else if (/^\s+\S/.test(line) && events.length > 0) events[events.length - 1] += `\n${line}`;
  }
  return events;
}

/** What stands for a longer text: `OFFER` is the block of kind `json` whose first line is `// OFFER`. */
function definitions(page) {
  const found = {};
  for (const [, body] of page.matchAll(block("jsonc"))) {
    const [, name, text] = /^\/\/ ([A-Z_]+)\n([\s\S]*)$/.exec(body) ?? [];
    if (name !== undefined) found[name] = JSON.stringify(JSON.parse(text));
  }
  return found;
}

function expand(event, names) {
  const line = event.slice(1).replaceAll(/\n\s*/g, " ").trim();
  return Object.entries(names).reduce((text, [name, json]) => text.replaceAll(`:${name}`, `:${json}`), line);
}
