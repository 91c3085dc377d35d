/** The payment that everybody judges, and the policies that they judge it by. */

export const START = 1_767_607_200_000;
export const HOST = "api.example.com";
export const PAYEE = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
export const USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
export const NETWORK = "eip155:8453";
/** One cent, in atomic units. */
export const AMOUNT = "10000";

export const ACCEPT = {
  scheme: "exact",
  network: NETWORK,
  amount: AMOUNT,
  asset: USDC,
  payTo: PAYEE,
  maxTimeoutSeconds: 60,
  extra: { name: "USD Coin", version: "2" },
} as const;

/** A seller's offer as it comes over the wire, decoded. */
export const OFFER = JSON.stringify({
  x402Version: 2,
  resource: { url: `https://${HOST}/report?q=1`, description: "A report", mimeType: "application/json" },
  accepts: [ACCEPT],
});

export const urlOf = (n: number): string => `https://${HOST}/report?q=${n}`;

/** What a row turns on. */
export interface Setup {
  readonly rules: number;
  readonly vendors: number;
  readonly budgets: number;
  readonly replay: boolean;
  readonly privacy: boolean;
  readonly audit: boolean;
}

export const PLAIN: Setup = { rules: 1, vendors: 1, budgets: 1, replay: false, privacy: false, audit: false };

const WINDOWS = ["24h", "7d", "1h", "30d", "2h", "12h", "3d", "14d"];
export const WINDOWS_MS = [24, 168, 1, 720, 2, 12, 72, 336].map((hours) => hours * 3_600_000);

/** None of the rules speaks of the payment: each has to be looked at, and none ends the look. */
export const rulesOf = (count: number): readonly { name: string; then: string; when: object }[] =>
  Array.from({ length: count }, (_, n) => ({
    name: `rule-${n}`,
    then: "deny",
    when: { agents: [`batch-${n}`], min_usd: "5" },
  }));

/** Half of them hosts, half of them `*.suffix`; the payment's own is among them. */
export const vendorsOf = (count: number): readonly string[] => [
  ...Array.from({ length: count - 1 }, (_, n) => (n % 2 === 0 ? `shop-${n}.example.net` : `*.mall-${n}.example.org`)),
  HOST,
];

export function policyOf({ rules, vendors, budgets, replay, privacy }: Setup): object {
  return {
    payment: { max_usd: "1" },
    vendors: { allow: vendorsOf(vendors) },
    budgets: WINDOWS.slice(0, budgets).map((window, n) => ({
      name: `budget-${n}`,
      limit_usd: "1000000",
      window,
      per: "agent",
    })),
    rules: rulesOf(rules),
    ...(replay && { replay: { mode: "strict" } }),
    ...(privacy && { privacy: { action: "redact" } }),
  };
}

/** Three fields of 200 bytes in all, as a payment has them, with nothing in them. */
export const FIELDS: readonly string[] = [
  "https://api.example.com/v1/reports/weather/lisbon?days=7&units=metric&format=json&lang=en&detail=full",
  "Weather report for Lisbon for the next 7 days, hourly, JSON",
  "the agent needs the forecast to plan a trip",
];
