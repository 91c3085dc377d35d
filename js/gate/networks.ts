/** The names that x402 version 1 has for networks, and the CAIP-2 names that all else here goes by. */

const EVM: Readonly<Record<string, number>> = {
  ethereum: 1,
  sepolia: 11155111,
  abstract: 2741,
  "abstract-testnet": 11124,
  "base-sepolia": 84532,
  base: 8453,
  "avalanche-fuji": 43113,
  avalanche: 43114,
  iotex: 4689,
  sei: 1329,
  "sei-testnet": 1328,
  polygon: 137,
  "polygon-amoy": 80002,
  peaq: 3338,
  story: 1514,
  educhain: 41923,
  "skale-base-sepolia": 324705682,
  megaeth: 4326,
  monad: 143,
  stable: 988,
  "stable-testnet": 2201,
  celo: 42220,
  flare: 14,
};

const toCaip = new Map<string, string>([
  ...Object.entries(EVM).map(([name, id]) => [name, `eip155:${id}`] as const),
  ["solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"],
  ["solana-devnet", "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"],
  ["solana-testnet", "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z"],
]);
const toName = new Map([...toCaip].map(([name, caip]) => [caip, name]));

/** The CAIP-2 name of a network of version 1. */
export function networkOf(name: string): string | undefined {
  return toCaip.get(name);
}

/** What version 1 calls a network; nothing for one that it does not know: there is then no offer of version 1. */
export function legacyName(network: string): string | undefined {
  return toName.get(network);
}
