// What the page needs of a server: its own files, a tap of test money, and the seller under the page's own origin. A page may
// only read answers of another origin that allows it to (CORS), and few sellers do.

import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { build } from "esbuild";
import { createWalletClient, http, isAddress, parseAbi, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";

const { SELLER_URL = "http://127.0.0.1:4021", RPC_URL, AGENT_KEY } = process.env;

const USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const wallet = createWalletClient({
  account: privateKeyToAccount(AGENT_KEY as `0x${string}`),
  chain: baseSepolia,
  transport: http(RPC_URL),
  pollingInterval: 50,
}).extend(publicActions);

/** No script but the page's own runs, and it talks to nobody but its own origin. WebAssembly needs the one word for it. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const local = (name: string): string => new URL(name, import.meta.url).pathname;

/** Serves the page on 127.0.0.1; port 0 takes any free one. */
export async function serve(port: number): Promise<{ readonly url: string; readonly server: Server }> {
  const built = await build({
    entryPoints: [local("page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
  });
  const files: Readonly<Record<string, readonly [type: string, content: string]>> = {
    "/": ["text/html; charset=utf-8", readFileSync(local("index.html"), "utf8")],
    "/page.css": ["text/css", readFileSync(local("page.css"), "utf8")],
    "/page.js": ["text/javascript", built.outputFiles[0]?.text ?? ""],
  };

  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    try {
      const file = files[path];
      if (file !== undefined) {
        response.writeHead(200, { "content-type": file[0], "content-security-policy": POLICY }).end(file[1]);
      } else if (request.method === "POST" && path === "/faucet") {
        let address = "";
        for await (const chunk of request) address += chunk;
        response.end(await giveTestMoney(address));
      } else {
        await passOn(path, request.headers["payment-signature"], response);
      }
    } catch (error) {
      response.writeHead(502).end(error instanceof Error ? error.message : String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, server };
}

async function passOn(path: string, payment: string | string[] | undefined, response: ServerResponse): Promise<void> {
  const headers: Record<string, string> = typeof payment === "string" ? { "payment-signature": payment } : {};
  const answer = await fetch(new URL(path, SELLER_URL), { headers, redirect: "manual" });
  response.statusCode = answer.status;
  for (const name of ["content-type", "payment-required", "payment-response"]) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.end(await answer.text());
}

async function giveTestMoney(address: string): Promise<string> {
  if (!isAddress(address)) throw new Error(`not an address: \`${address}\``);
  const abi = parseAbi(["function transfer(address to, uint256 value) returns (bool)"]);
  const hash = await wallet.writeContract({
    address: USDC,
    abi,
    functionName: "transfer",
    args: [address, 1_000_000n],
  });
  await wallet.waitForTransactionReceipt({ hash });
  return hash;
}
