// The token and the Permit2 stand-in refuse what the originals refuse; otherwise a test that shows damage, or its
// absence, would prove nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { encodeFunctionData, type Hex, parseAbi, parseSignature } from "viem";
import {
  type Authorization,
  CHAIN_ID,
  type Chain,
  type Role,
  startChain,
  USDC,
} from "../../examples/localnet/chain.ts";
import { type Artifact, hashSources } from "../../examples/localnet/token/compile.ts";

let chain: Chain;

before(async () => {
  chain = await startChain();
});

after(async () => {
  await chain?.stop();
});

const AUTHORIZATION = [
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "value", type: "uint256" },
  { name: "validAfter", type: "uint256" },
  { name: "validBefore", type: "uint256" },
  { name: "nonce", type: "bytes32" },
] as const;

const DOMAIN = { name: "USDC", version: "2", chainId: CHAIN_ID, verifyingContract: USDC } as const;

let nonces = 0;

/** An authorization of the agent for the seller, good for a minute on the chain's clock. */
async function authorization(changes: Partial<Authorization> = {}): Promise<Authorization> {
  const { timestamp } = await chain.client.getBlock();
  nonces += 1;
  return {
    from: chain.accounts.agent.address,
    to: chain.accounts.seller.address,
    value: "1000",
    validAfter: "0",
    validBefore: (timestamp + 60n).toString(),
    nonce: `0x${nonces.toString(16).padStart(64, "0")}`,
    ...changes,
  };
}

function sign(
  message: Authorization,
  role: Role = "agent",
  primaryType: "TransferWithAuthorization" | "ReceiveWithAuthorization" = "TransferWithAuthorization",
): Promise<Hex> {
  const types = { TransferWithAuthorization: AUTHORIZATION, ReceiveWithAuthorization: AUTHORIZATION };
  const { value, validAfter, validBefore } = message;
  const numbers = { value: BigInt(value), validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) };
  return chain.accounts[role].account.signTypedData({
    domain: DOMAIN,
    types,
    primaryType,
    message: { ...message, ...numbers },
  });
}

/** Sends a call to the token and waits for it; rejects with the token's reason, which a trial run tells. */
async function send(role: Role, data: Hex): Promise<void> {
  await chain.client.call({ account: chain.accounts[role].address, to: USDC, data });
  const hash = await chain.wallet(role).sendTransaction({ to: USDC, data });
  const { status } = await chain.client.waitForTransactionReceipt({ hash });
  assert.equal(status, "success");
}

test("the artifact was compiled from the sources beside it", () => {
  const file = new URL("../../examples/localnet/token/token.artifact.json", import.meta.url);
  const artifact = JSON.parse(readFileSync(file, "utf8")) as Artifact;
  assert.deepEqual(artifact.sources, hashSources());
});

test("an authorization moves the money once", async () => {
  const message = await authorization();
  const signature = await sign(message);
  const before = await chain.balanceOf(message.to);
  await chain.submit("attacker", message, signature);
  assert.equal((await chain.balanceOf(message.to)) - before, 1000n);
  assert.equal(await chain.authorizationUsed(message.from, message.nonce), true);
  await assert.rejects(chain.submit("attacker", message, signature), /authorization is used or canceled/);
  assert.equal((await chain.balanceOf(message.to)) - before, 1000n);
});

test("the form with v, r and s moves it too", async () => {
  const message = await authorization();
  const { v, yParity, r, s } = parseSignature(await sign(message));
  const abi = parseAbi([
    "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
  ]);
  const { from, to, nonce } = message;
  const numbers = [BigInt(message.value), BigInt(message.validAfter), BigInt(message.validBefore)] as const;
  const args = [from, to, ...numbers, nonce, Number(v ?? BigInt(27 + yParity)), r, s] as const;
  const before = await chain.balanceOf(to);
  await send("attacker", encodeFunctionData({ abi, functionName: "transferWithAuthorization", args }));
  assert.equal((await chain.balanceOf(to)) - before, 1000n);
});

test("a changed amount, a changed payee and a foreign signature are refused", async () => {
  const message = await authorization();
  const signature = await sign(message);
  const { address } = chain.accounts.attacker;
  await assert.rejects(chain.submit("attacker", { ...message, value: "1001" }, signature), /invalid signature/);
  await assert.rejects(chain.submit("attacker", { ...message, to: address }, signature), /invalid signature/);
  await assert.rejects(chain.submit("attacker", message, await sign(message, "attacker")), /invalid signature/);
  assert.equal(await chain.authorizationUsed(message.from, message.nonce), false);
});

test("more than the balance is refused, and the nonce stays unused", async () => {
  const message = await authorization({ value: "1000000000000" });
  await assert.rejects(chain.submit("attacker", message, await sign(message)), /transfer amount exceeds balance/);
  assert.equal(await chain.authorizationUsed(message.from, message.nonce), false);
});

test("a receipt of the payee's own can be taken by nobody else", async () => {
  const message = await authorization();
  const signature = await sign(message, "agent", "ReceiveWithAuthorization");
  // The two kinds are not interchangeable ...
  await assert.rejects(chain.submit("attacker", message, signature), /invalid signature/);
  const abi = parseAbi(["function receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"]);
  const { from, to, value, validAfter, validBefore, nonce } = message;
  const args = [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature] as const;
  const data = encodeFunctionData({ abi, functionName: "receiveWithAuthorization", args });
  // ... and only the payee may call.
  await assert.rejects(send("attacker", data), /caller must be the payee/);
  await send("seller", data);
  assert.equal(await chain.authorizationUsed(from, nonce), true);
});

test("a cancelled authorization is worth nothing", async () => {
  const message = await authorization();
  const cancellation = await chain.accounts.agent.account.signTypedData({
    domain: DOMAIN,
    types: {
      CancelAuthorization: [
        { name: "authorizer", type: "address" },
        { name: "nonce", type: "bytes32" },
      ],
    },
    primaryType: "CancelAuthorization",
    message: { authorizer: message.from, nonce: message.nonce },
  });
  const abi = parseAbi(["function cancelAuthorization(address,bytes32,bytes)"]);
  const args = [message.from, message.nonce, cancellation] as const;
  await send("seller", encodeFunctionData({ abi, functionName: "cancelAuthorization", args }));
  await assert.rejects(chain.submit("attacker", message, await sign(message)), /authorization is used or canceled/);
});

test("a signed permit gives an allowance, once", async () => {
  const { timestamp } = await chain.client.getBlock();
  const owner = chain.accounts.agent.address;
  const spender = chain.accounts.attacker.address;
  const message = { owner, spender, value: 77n, nonce: 0n, deadline: timestamp + 60n };
  const signature = await chain.accounts.agent.account.signTypedData({
    domain: DOMAIN,
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    primaryType: "Permit",
    message,
  });
  const { yParity, r, s } = parseSignature(signature);
  const abi = parseAbi([
    "function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "function transferFrom(address,address,uint256) returns (bool)",
  ]);
  const args = [owner, spender, message.value, message.deadline, 27 + yParity, r, s] as const;
  const data = encodeFunctionData({ abi, functionName: "permit", args });
  const take = encodeFunctionData({ abi, functionName: "transferFrom", args: [owner, spender, 77n] });
  await assert.rejects(send("attacker", take), /transfer amount exceeds allowance/);
  await send("attacker", data);
  await send("attacker", take);
  await assert.rejects(send("attacker", take), /transfer amount exceeds allowance/);
  await assert.rejects(send("attacker", data), /invalid signature/);
});

// Last, because it moves the chain's clock for every test after it.
test("an authorization is good only within its time, by the chain's clock", async () => {
  const { timestamp } = await chain.client.getBlock();
  const early = await authorization({
    validAfter: (timestamp + 3600n).toString(),
    validBefore: `${timestamp + 9000n}`,
  });
  const earlySignature = await sign(early);
  const late = await authorization();
  const lateSignature = await sign(late);
  await assert.rejects(chain.submit("attacker", early, earlySignature), /authorization is not yet valid/);
  await chain.advance(3700);
  await chain.submit("attacker", early, earlySignature);
  await assert.rejects(chain.submit("attacker", late, lateSignature), /authorization is expired/);
});
