/** `tollwarden gateway`: a reverse proxy that sells, from a configuration file. */

import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type GatewayFile, readGatewayFile } from "../gate/gateway/config.ts";
import { developmentFacilitator } from "../gate/gateway/development.ts";
import { httpFacilitator } from "../gate/gateway/facilitator.ts";
import { createGateway } from "../gate/gateway/gateway.ts";
import { recoverFromCrash } from "../gate/gateway/recovering.ts";
import { serveGateway } from "../gate/gateway/serve.ts";
import { createApiKey, hashApiKey } from "../gate/identity.ts";
import type { SchemeEntry } from "../gate/requirements.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import { readDocument } from "./document.ts";
import { readOptions } from "./options.ts";
import { type Command, failure } from "./terminal.ts";

const USAGE = `usage: tollwarden gateway [--config FILE] [--listen HOST:PORT] [--check]
       tollwarden gateway key

Sells what other servers have: a payment is verified, the policy is asked, the upstream is asked, and only then the money is
taken. Whatever fails before that costs nobody anything; what fails after it is owed back, see tollwarden refunds.

  --config FILE        the configuration, in TOML, YAML or JSON; default gateway.toml
  --listen HOST:PORT   where it listens, in place of what the file says; default 127.0.0.1:8402
  --check              reads everything, says what is sold, and ends
  key                  makes an API key: the key for the client, and its hash for the file
  --help               this text

exit status: 0; 1 if something is wrong with the configuration, or the port is taken
`;

export const gatewayCommand: Command = {
  name: "gateway",
  summary: "a reverse proxy that sells: verify, policy, upstream, settle",
  usage: USAGE,
  async run(args, out) {
    const { values, positionals } = readOptions({
      args: [...args],
      options: {
        config: { type: "string", default: "gateway.toml" },
        listen: { type: "string" },
        check: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [verb] = positionals;
    if (verb === "key") {
      const key = createApiKey();
      out.print(`key       ${key}\nkey_hash  ${await hashApiKey(key)}`);
      return 0;
    }
    if (verb !== undefined) throw new Error(`\`${verb}\` is not known; see tollwarden gateway --help`);

    const folder = dirname(values.config);
    const beside = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
    const file = readGatewayFile(JSON.parse(readDocument(values.config)), (reference) => secret(reference, beside));
    const { listen, store, facilitator: from, policy, ...config } = file;
    const { host, port } = placeOf(values.listen ?? listen ?? "127.0.0.1:8402");
    const gateway = await createGateway({
      ...config,
      policy: typeof policy === "string" ? beside(policy) : policy,
      store: await sqliteStore(beside(store ?? "tollwarden.sqlite")),
      facilitator: await facilitatorOf(from, file),
      schemes: await schemes(),
      onError: (error) => out.error(`tollwarden gateway: ${failure(error)}`),
    });
    for (const { path, methods = ["GET"], upstream, price } of config.routes) {
      const shown = typeof price === "string" ? price : JSON.stringify(price);
      out.print(`${methods.join(",").padEnd(8)} ${path.padEnd(24)} ${shown.padEnd(10)} ${upstream}`);
    }
    if (values.check) {
      await gateway.close();
      return 0;
    }
    const onError = (error: unknown): void => out.error(`tollwarden gateway: ${failure(error)}`);
    const stopRecovering = await recoverFromCrash(gateway.gate, onError);
    const serving = await serveGateway(gateway.fetch, {
      host,
      port,
      onError,
    });
    out.print(`\nlistening on ${serving.url}, known as ${config.url}`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    // What is under way is carried through: its money may be on the way, too.
    stopRecovering();
    await serving.stop();
    await gateway.close();
    return 0;
  },
};

/** `env:NAME` or `file:PATH`. A secret that is not there is an error, and not an empty header. */
function secret(reference: string, beside: (path: string) => string): string {
  const value = reference.startsWith("env:")
    ? process.env[reference.slice(4)]
    : readFileSync(beside(reference.slice(5)), "utf8").trim();
  if (value === undefined || value === "") throw new Error(`there is nothing in \`${reference}\``);
  return value;
}

function placeOf(text: string): { readonly host: string; readonly port: number } {
  const found = /^(\[[0-9a-f:]+\]|[^:\s]+):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) throw new Error(`\`${text}\` is no place to listen, such as \`127.0.0.1:8402\``);
  return { host: (found[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

async function facilitatorOf(
  from: GatewayFile["facilitator"],
  file: GatewayFile,
): ReturnType<typeof developmentFacilitator> {
  if ("url" in from) {
    const timeoutMs = file.settleTimeoutMs;
    return httpFacilitator({ url: from.url, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
  const [way] = [file.pay ?? file.routes[0]?.pay ?? []].flat();
  if (way === undefined) throw new Error("`pay` is missing");
  return developmentFacilitator({ ...from, network: way.network });
}

/** The official schemes, as far as they are installed. */
async function schemes(): Promise<readonly SchemeEntry[]> {
  try {
    const { ExactEvmScheme } = await import("@x402/evm/exact/server");
    return [{ network: "eip155:*", server: new ExactEvmScheme() }];
  } catch (cause) {
    throw new Error(`\`@x402/evm\` can't be loaded: ${failure(cause)}; install it beside tollwarden`, { cause });
  }
}
