/** Reading a command's options, with errors in the words of the rest. */

import { type ParseArgsConfig, parseArgs } from "node:util";

/** What `parseArgs` gives. An option that is not known is an error that names those that are. */
export function readOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    // Node explains at length how a file whose name begins with a dash could be meant.
    const [sentence = cause.message] = cause.message.split(". ");
    const name = /^Unknown option '([^']*)'/.exec(sentence)?.[1];
    if (name === undefined) throw new Error(sentence.charAt(0).toLowerCase() + sentence.slice(1), { cause });
    const known = [...Object.keys(config.options ?? {}), "help"].map((option) => `--${option}`).join(", ");
    throw new Error(`unknown option \`${name}\`; the options are ${known}`, { cause });
  }
}
