/**
 * A request that a hook of the official client makes once more before it pays, with headers of its own, such as those of
 * `sign-in-with-x`: it may need no payment. Should it be asked for one all the same, the client pays the first offer. So
 * the hold of that offer is named on the request to the guarded fetch, which holds nothing again, and takes the name off.
 */

import { isObject, markOf } from "./wire.ts";

/** Names the hold that stands for the request. It never leaves the guarded fetch. */
export const RETRY_HEADER = "tollwarden-hold";

interface HookContext {
  readonly paymentRequired?: unknown;
}

type ExtensionHook = (declared: unknown, context: HookContext) => Promise<unknown>;

/** What a hook gives, with the hold of the offer that it was asked about. */
function named(headers: unknown, paymentRequired: unknown): unknown {
  const hold = markOf(paymentRequired);
  return isObject(headers) && hold !== undefined ? { ...headers, [RETRY_HEADER]: hold } : headers;
}

/** The hooks of an `x402HTTPClient`. */
export function nameRetries(http: {
  handlePaymentRequired?: (paymentRequired: unknown, requestUrl?: unknown) => Promise<unknown>;
}): void {
  const handle = http.handlePaymentRequired;
  if (typeof handle !== "function") return;
  http.handlePaymentRequired = async (paymentRequired, requestUrl) =>
    named(await handle.call(http, paymentRequired, requestUrl), paymentRequired);
}

/** The hooks of an `x402Client`'s extensions, which whatever `x402HTTPClient` stands round it asks for. */
export function nameExtensionRetries(client: { getExtensions?: () => readonly object[] }): void {
  const extensions = client.getExtensions;
  if (typeof extensions !== "function") return;
  client.getExtensions = () => extensions.call(client).map(withNamedRetry);
}

function withNamedRetry(extension: object): object {
  const hooks = (extension as { transportHooks?: unknown }).transportHooks;
  const http = isObject(hooks) ? hooks.http : undefined;
  const hook = isObject(http) ? http.onPaymentRequired : undefined;
  if (!isObject(hooks) || !isObject(http) || typeof hook !== "function") return extension;
  const onPaymentRequired: ExtensionHook = async (declared, context) => {
    const result: unknown = await (hook as ExtensionHook).call(http, declared, context);
    return isObject(result) ? { ...result, headers: named(result.headers, context.paymentRequired) } : result;
  };
  const transportHooks = { ...hooks, http: { ...http, onPaymentRequired } };
  return new Proxy(extension, {
    get: (target, property) => (property === "transportHooks" ? transportHooks : Reflect.get(target, property, target)),
  });
}
