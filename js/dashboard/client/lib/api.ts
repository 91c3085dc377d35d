/** The service's own API, typed by its table of endpoints. The browser's cookie speaks for whoever has logged in. */

import type { Api, ErrorAnswer } from "../../../service/api.ts";
import { Refused } from "./failure.ts";

type Path = keyof Api;
type ResponseOf<P extends Path> = Api[P]["response"];

export interface CallOptions<P extends Path> {
  /** For the `{name}` in the path. */
  readonly name?: string;
  readonly query?: Api[P] extends { readonly query: infer Query } ? Query : never;
  readonly body?: Api[P] extends { readonly request: infer Body } ? Body : never;
  readonly signal?: AbortSignal;
}

let whenLost = (): void => undefined;

/** Called when the service knows the browser no longer: its time is over, or its key was revoked. */
export function onLost(work: () => void): void {
  whenLost = work;
}

/** A service that does not answer for so long is away, in milliseconds. */
const PATIENCE = 30_000;

/** Asks one endpoint. Throws `Refused` with what the service says. */
export async function call<P extends Path>(path: P, options: CallOptions<P> = {}): Promise<ResponseOf<P>> {
  const [method = "GET", template = ""] = path.split(" ");
  const query: object | undefined = options.query ?? undefined;
  const timeout = AbortSignal.timeout(PATIENCE);
  const response = await fetch(addressOf(template, options.name, query), {
    method,
    credentials: "same-origin",
    redirect: "error",
    signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
    headers: { accept: "application/json", ...(method !== "GET" && { "content-type": "application/json" }) },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  }).catch((error: unknown) => {
    if (options.signal?.aborted === true) throw error;
    throw new Refused({ status: 0, code: "unreachable", message: "the service does not answer" });
  });
  if (response.status === 401 && path !== "POST /login") whenLost();
  if (!response.ok) throw new Refused(await failureIn(response));
  if (response.status === 204) return undefined as ResponseOf<P>;
  return (await response.json()) as ResponseOf<P>;
}

/** A page that opened the service at another folder than `/` finds it there. */
const base = new URL(".", document.baseURI);

export function addressOf(template: string, name: string | undefined, query: object | undefined): string {
  const path = template.replace(/\{name\}|\{id\}/, () => encodeURIComponent(name ?? "")).replace(/^\//, "");
  const url = new URL(path, base);
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(key, String(value));
  }
  return url.href;
}

async function failureIn(response: Response) {
  const { status } = response;
  try {
    const { error } = (await response.json()) as ErrorAnswer;
    const fix = error.fix === undefined ? "" : ` (${error.fix})`;
    return { status, code: error.code, message: `${error.message}${fix}` };
  } catch {
    return { status, code: "no_answer", message: `the service answered ${status}` };
  }
}
