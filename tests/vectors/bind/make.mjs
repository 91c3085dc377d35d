// Makes the vectors in this folder with the official client packages: what they sign is what the core must bind.
// Not part of any test run. In an empty folder:
//   npm i --legacy-peer-deps @x402/core@2.27.0 @x402/evm@2.27.0 @x402/svm@2.27.0 @solana/kit@5.5.1 viem@2.57.1
//   node make.mjs <folder for the vectors>
// The keys are public test keys. Nonces are drawn anew in each run.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import http from "node:http";
import { createKeyPairSignerFromPrivateKeyBytes, getAddressDecoder, isOffCurveAddress } from "@solana/kit";
import { findAssociatedTokenPda } from "@solana-program/token-2022";
import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { ExactEvmSchemeV1 } from "@x402/evm/v1";
import { ExactSvmScheme } from "@x402/svm/exact/client";
import { ExactSvmSchemeV1 } from "@x402/svm/v1";
import { privateKeyToAccount } from "viem/accounts";

const folder = process.argv[2] ?? ".";
const now = Date.parse("2026-01-05T10:00:00.250Z");
Date.now = () => now;

const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
const SOLANA_DEVNET = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1";
const USDC_DEVNET = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU";
const PYUSD_DEVNET = "CXk2AMBfi3TwaEL2468s6zP8xq9NxTXjp9gjMgzeUynM";
const USDC_BASE_SEPOLIA = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const PAYEE = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";

const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) => (typeof v === "bigint" ? v.toString() : v)));
const write = (name, value) => writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(value, null, 2)}\n`);
const solanaKey = (byte) => createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(byte));

// A node that knows the two mints and one blockhash: the client asks for nothing else.
const rpc = http.createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { id, method, params } = JSON.parse(body);
  const mint = Buffer.alloc(82);
  mint[44] = 6; // decimals
  mint[45] = 1; // initialised
  const account = {
    data: [mint.toString("base64"), "base64"],
    executable: false,
    lamports: 1461600,
    owner: params[0] === PYUSD_DEVNET ? TOKEN_2022 : TOKEN,
    rentEpoch: 0,
    space: 82,
  };
  const blockhash = { blockhash: "GfVcyD4kkTrj4bKc7WA9sZCin9JDbdT4Zkd3EittNR1W", lastValidBlockHeight: 1000 };
  const value = method === "getAccountInfo" ? account : blockhash;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { context: { slot: 1 }, value } }));
});
await new Promise((resolve) => rpc.listen(0, resolve));
const rpcUrl = `http://127.0.0.1:${rpc.address().port}`;

// The first development key of anvil.
const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const asked = [];
const evm = {
  address: account.address,
  signTypedData: (message) => {
    asked.push(plain(message));
    return account.signTypedData(message);
  },
};
const svm = await solanaKey(7);
const feePayer = (await solanaKey(8)).address;
const seller = (await solanaKey(9)).address;

const client = new x402Client();
client.setSpendControls(false);
client
  .register("eip155:*", new ExactEvmScheme(evm))
  .register("eip155:*", new UptoEvmScheme(evm))
  .registerV1("base-sepolia", new ExactEvmSchemeV1(evm))
  .register("solana:*", new ExactSvmScheme(svm, { rpcUrl }))
  .registerV1("solana-devnet", new ExactSvmSchemeV1(svm, { rpcUrl }));

const about = { description: "A report", mimeType: "application/json" };
const url = "https://api.example.com/report";
const v1 = (entry) => ({
  x402Version: 1,
  error: "payment required",
  accepts: [{ resource: url, ...about, outputSchema: null, ...entry }],
});
const v2 = (entry) => ({ x402Version: 2, error: "payment required", resource: { url, ...about }, accepts: [entry] });

const domain = { name: "USDC", version: "2" };
const base = { network: "eip155:84532", asset: USDC_BASE_SEPOLIA, payTo: PAYEE, maxTimeoutSeconds: 300 };
const solana = { scheme: "exact", network: SOLANA_DEVNET, payTo: seller, maxTimeoutSeconds: 60 };
const short = { maxTimeoutSeconds: 60, maxAmountRequired: "10000" };
const permit2 = { ...domain, assetTransferMethod: "permit2" };
const facilitatorAddress = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
const offers = {
  "exact-eip3009-v1": v1({ scheme: "exact", ...base, ...short, network: "base-sepolia", extra: domain }),
  "exact-eip3009-v2": v2({ scheme: "exact", ...base, amount: "10000", extra: domain }),
  "exact-permit2": v2({ scheme: "exact", ...base, amount: "250000", extra: permit2 }),
  upto: v2({ scheme: "upto", ...base, amount: "500000", extra: { ...permit2, facilitatorAddress } }),
  "exact-svm-v1": v1({ ...solana, ...short, network: "solana-devnet", asset: USDC_DEVNET, extra: { feePayer } }),
  "exact-svm-v2": v2({ ...solana, asset: USDC_DEVNET, amount: "10000", extra: { feePayer } }),
  "exact-svm-v2-token2022-memo": v2({
    ...solana,
    asset: PYUSD_DEVNET,
    amount: "123456",
    extra: { feePayer, memo: "order-42" },
  }),
};
for (const [name, offer] of Object.entries(offers)) {
  asked.length = 0;
  const payload = plain(await client.createPaymentPayload(offer));
  if (asked.length > 1) throw new Error(`${name}: signed twice`);
  write(name, {
    notes: "Made by make.mjs with the official client packages 2.27.0, public test keys and the clock at `now`.",
    now: new Date(now).toISOString(),
    signer: name.includes("svm") ? svm.address : account.address,
    offer,
    payload,
    ...(asked[0] ? { typed_data: asked[0] } : {}),
  });
}
rpc.close();

// Solana's derived addresses: whether 32 bytes are a point of Ed25519, and associated token accounts.
const decoder = getAddressDecoder();
const hashed = (text) => decoder.decode(new Uint8Array(createHash("sha256").update(text).digest()));
const small = (y) => decoder.decode(Uint8Array.of(y, ...new Uint8Array(31)));
const count = (length, make) => Array.from({ length }, (_, i) => make(i));
const keys = [...count(200, (i) => hashed(`point ${i}`)), ...count(11, small)];
const accounts = await Promise.all(
  count(60, async (i) => {
    const [owner, mint, tokenProgram] = [hashed(`owner ${i}`), hashed(`mint ${i}`), i % 2 ? TOKEN_2022 : TOKEN];
    const [address, bump] = await findAssociatedTokenPda({ owner, mint, tokenProgram });
    return { owner, mint, token_program: tokenProgram, account: address, bump };
  }),
);
write("solana-derivation", {
  notes: "Made by make.mjs with @solana/kit 5.5.1: points of Ed25519 or not, and associated token accounts.",
  points: Object.fromEntries(keys.map((key) => [key, !isOffCurveAddress(key)])),
  accounts,
});
