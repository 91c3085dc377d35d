/**
 * Small pieces of a policy, for who writes it in TypeScript: each function gives a part of a document, and `policy` puts
 * parts together. What comes out is the same object that one could write by hand.
 *
 * ```ts
 * policy(blockAbove("1.00"), requireApprovalAbove("0.25"), dailyBudget("5.00", { per: "agent" }), blockVendor("evil.com"))
 * ```
 *
 * A policy says each figure once, and has each allow list once: two that differ are an error, not a guess.
 */

import { policyErrors } from "../core/check.ts";
import type { BudgetSection, Document, PolicyError } from "../core/types.ts";
import { PolicyInvalid } from "../errors.ts";
import { withZones } from "./zones.ts";

/** A part of a policy. Any object of the policy's own form is one, too. */
export type PolicyPart = Omit<Document, "extends" | "zones">;

/** No single payment above this, in US dollars as a decimal text; exactly this much may be paid. */
export const blockAbove = (usd: string): PolicyPart => ({ payment: { max_usd: usd } });

/** A payment of this much or more needs people's approval: exactly this much needs it, too. */
export const requireApprovalAbove = (usd: string): PolicyPart => ({ payment: { approve_from_usd: usd } });

/** Never these: `example.com`, `*.example.com`, `example.com/path`. */
export const blockVendor = (...vendors: readonly string[]): PolicyPart => ({ vendors: { block: [...vendors] } });

/** Only these vendors. None given is none allowed. */
export const allowOnlyVendors = (...vendors: readonly string[]): PolicyPart => ({ vendors: { allow: [...vendors] } });

/** Only these addresses, `0x…` on any network or `eip155:8453/0x…`. None given is none allowed. */
export const allowOnlyPayees = (...payees: readonly string[]): PolicyPart => ({ payees: { allow: [...payees] } });

/** Never these addresses. */
export const blockPayees = (...payees: readonly string[]): PolicyPart => ({ payees: { block: [...payees] } });

/** So much in any 24 hours, in US dollars; one counter for all, unless `per` says what has one of its own. */
export function dailyBudget(
  usd: string,
  options: Pick<BudgetSection, "per" | "when"> & { readonly name?: string } = {},
): PolicyPart {
  const { name = "daily", ...more } = options;
  return { budgets: [{ name, limit_usd: usd, window: "24h", ...more }] };
}

/**
 * Whatever no rule speaks of may be paid, which is so unless a policy says otherwise. It lifts no limit, and is no policy
 * by itself: a bound has to stand beside it, such as `blockAbove("1.00")`.
 */
export const allowAll = (): PolicyPart => ({ unmatched: "allow" });

/** One policy from its parts. Throws `PolicyInvalid` for one that contradicts itself, is wrong, or bounds nothing. */
export function policy(...parts: readonly PolicyPart[]): Document {
  const errors: PolicyError[] = [];
  const document = parts.reduce<unknown>((whole, part) => combined(whole, part, "", errors), {}) as Document;
  if (errors.length === 0) {
    const text = withZones(JSON.stringify(document), "(parts)");
    errors.push(...policyErrors(text));
  }
  if (errors.length > 0) throw new PolicyInvalid("(parts)", errors);
  return document;
}

/** Lists of things to add up; every other list is one statement. */
const ADDED = new Set(["origins", "assets", "budgets", "rates", "rules", "block", "block_networks", "agreed"]);

function combined(whole: unknown, part: unknown, path: string, errors: PolicyError[]): unknown {
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (whole === undefined) return structuredClone(part);
  if (part === undefined) return whole;
  if (isTable(whole) && isTable(part)) {
    const members = { ...whole };
    for (const [key, value] of Object.entries(part)) {
      members[key] = combined(members[key], value, path === "" ? key : `${path}.${key}`, errors);
    }
    return members;
  }
  if (Array.isArray(whole) && Array.isArray(part) && ADDED.has(name)) return [...whole, ...structuredClone(part)];
  if (JSON.stringify(whole) !== JSON.stringify(part)) {
    const [one, other] = [whole, part].map((value) => `\`${JSON.stringify(value)}\``);
    errors.push({ path, message: `is said twice: ${one} and ${other}` });
  }
  return whole;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
