/**
 * The guarded client: the official `x402Client`, taken over in place, so that no unguarded reference to it is left.
 *
 * - It pays only offers that the guarded fetch has marked with a hold, and only once each.
 * - Its hooks, policies and selector see a frozen copy of the held entry. One that changes payee or amount throws, and
 *   one that puts another object in its place meets a scheme that has no ticket for it.
 * - Each scheme is wrapped: the ticket is committed before the scheme, and so the signer, is reached.
 * - What the scheme signed is bound to the hold before anyone gets it.
 *
 * `wrapFetchWithPayment` puts every error of `createPaymentPayload` into a plain `Error` and drops its type. A denial is
 * therefore handed over as a payment that throws it when it is read: the wrapper reads it outside of that place.
 */

import { refusal, TollwardenError } from "../errors.ts";
import { type Payment, type Payments, plain } from "../payments.ts";
import { nameExtensionRetries, nameRetries } from "./retry.ts";
import { isObject, type JsonObject, MARK, markOf } from "./wire.ts";

interface SchemeClient {
  readonly scheme: string;
  createPaymentPayload(version: number, requirements: object, context?: unknown): Promise<unknown>;
}

/** The parts of the official client that are taken over. Its registered schemes are a private member of it. */
interface OfficialClient {
  createPaymentPayload(paymentRequired: unknown): Promise<JsonObject>;
  register(network: string, scheme: SchemeClient): unknown;
  registerV1(network: string, scheme: SchemeClient): unknown;
  setSpendControls?(controls: unknown): unknown;
  spendControls?: unknown;
  getExtensions?(): readonly object[];
  registeredClientSchemes: Map<number, Map<string, Map<string, SchemeClient>>>;
}

const guarded = new WeakSet<object>();

/** Guards an `x402Client`, or the client inside an `x402HTTPClient`. Returns what it was given. */
export function guardClient<C extends object>(given: C, payments: Payments): C {
  const inner = (given as { client?: unknown }).client;
  const client = official(isObject(inner) ? inner : given);
  if (guarded.has(client)) throw new TypeError("this x402 client is guarded already");
  guarded.add(client);
  nameExtensionRetries(client);
  if (client !== given) nameRetries(given);

  /** Payments that were given to the client: once each, also when two ask at the same time. */
  const begun = new WeakSet<Payment>();
  /** Which payment a frozen entry belongs to. An entry that is not one of these is not paid. */
  const entries = new WeakMap<object, Payment>();

  function guardScheme(scheme: SchemeClient): SchemeClient {
    const createPaymentPayload: SchemeClient["createPaymentPayload"] = async (version, requirements, context) => {
      const payment = entries.get(requirements);
      if (payment === undefined) {
        throw refusal("", "accepted_mismatch", "the terms to sign are not the ones that were held");
      }
      await payments.ticket(payment);
      return payments.signing(payment, () => scheme.createPaymentPayload(version, requirements, context));
    };
    return new Proxy(scheme, {
      get(target, property) {
        if (property === "createPaymentPayload") return createPaymentPayload;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  for (const networks of client.registeredClientSchemes.values()) {
    for (const schemes of networks.values()) {
      for (const [name, scheme] of schemes) schemes.set(name, guardScheme(scheme));
    }
  }
  payments.addClient((version, entry) => canPay(client, version, entry));
  const { register, registerV1, createPaymentPayload } = client;
  client.register = (network, scheme) => register.call(client, network, guardScheme(scheme));
  client.registerV1 = (network, scheme) => registerV1.call(client, network, guardScheme(scheme));

  // The client's own cap of a dollar a payment and its own list of assets would refuse what the policy allows. Controls
  // that somebody set are left as they are: they can only refuse more.
  const controls = client.spendControls;
  if (isObject(controls) && Object.keys(controls).length === 0) {
    client.setSpendControls?.({ allowedAssets: true, maxAmountPerPayment: false });
  }

  client.createPaymentPayload = async (paymentRequired) => {
    const id = markOf(paymentRequired);
    const payment = id === undefined ? undefined : payments.byId(id);
    if (payment === undefined) {
      return throwsWhenRead(
        refusal(
          id ?? "",
          "unticketed_signature",
          "nothing is held for this offer: it did not come through warden.fetch, or was paid",
        ),
      );
    }
    if (payment.stage !== "held" || begun.has(payment)) {
      return throwsWhenRead(
        refusal(payment.id, "ticket_used", "this offer was paid before; a second payment needs its own hold"),
      );
    }
    begun.add(payment);
    // From the warden's own copy: the one that was shown may have been changed since.
    const offer = deepFreeze(structuredClone<JsonObject>({ ...payment.held.offer, [MARK]: { hold: payment.id } }));
    const accepts = offer.accepts;
    const entry: unknown = Array.isArray(accepts) ? accepts[0] : undefined;
    if (isObject(entry)) entries.set(entry, payment);
    try {
      const made = await createPaymentPayload.call(client, offer);
      // One copy is bound and given away: whoever kept hold of what the client made can't change it any more.
      const copy = plain(made);
      const signed = isObject(copy) ? deepFreeze(copy) : {};
      await payments.bind(payment, signed);
      return signed;
    } catch (error) {
      await payments.abandon(payment);
      const ended = payment.signal?.aborted === true && error === payment.signal.reason;
      if (ended || error instanceof TollwardenError) return throwsWhenRead(error);
      throw error;
    }
  };
  return given;
}

/** Whether the client has a scheme for an entry; networks may be registered by pattern, such as `eip155:*`. */
function canPay(client: OfficialClient, version: unknown, entry: unknown): boolean {
  if (!isObject(entry) || (version !== 1 && version !== 2)) return false;
  const { network, scheme } = entry;
  if (typeof network !== "string" || typeof scheme !== "string") return false;
  const networks = [...(client.registeredClientSchemes.get(version) ?? [])];
  return networks.some(([pattern, schemes]) => schemes.has(scheme) && covers(pattern, network));
}

function covers(pattern: string, network: string): boolean {
  const [start = "", ...rest] = pattern.split("*");
  const end = rest.at(-1) ?? "";
  return rest.length === 0
    ? pattern === network
    : network.length >= start.length + end.length && network.startsWith(start) && network.endsWith(end);
}

function official(client: object): OfficialClient {
  const candidate = client as Partial<OfficialClient>;
  const known =
    typeof candidate.createPaymentPayload === "function" &&
    typeof candidate.register === "function" &&
    typeof candidate.registerV1 === "function" &&
    candidate.registeredClientSchemes instanceof Map;
  if (!known) {
    // Half a guard is none: a client whose schemes can't be wrapped is refused, not guarded in part.
    throw new TypeError(
      "this is not an x402Client of @x402/core that can be guarded; use warden.payingFetch with your signer",
    );
  }
  return candidate as OfficialClient;
}

/** Whoever reads this payment gets the error, with its type. */
function throwsWhenRead(error: unknown): JsonObject {
  const get = (): never => {
    throw error;
  };
  return Object.freeze(
    Object.defineProperties({} as JsonObject, {
      x402Version: { get, enumerable: true },
      payload: { get, enumerable: true },
      accepted: { get, enumerable: true },
    }),
  );
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
