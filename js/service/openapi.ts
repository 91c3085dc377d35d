/** The OpenAPI 3.1 document, from what the service checks requests by. */

import { coreSchemas } from "./core-schemas.ts";
import { type Endpoint, SPEC, type Spec, serviceSchemas } from "./spec.ts";

const error = (description: string): object => ({
  description,
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
});

const ERRORS: Readonly<Record<number, string>> = {
  400: "Something in the request is wrong; `where` says what",
  401: "No key, or one that is worth nothing",
  403: "The key may not, or the page that asks is none of the service's",
  404: "There is nothing of that name",
  409: "Another request under the same idempotency key; or it is not set up here",
  413: "The body is too long",
  415: "The body is not JSON",
  421: "The service has another name",
  429: "Too many requests; `retry-after` says when",
  503: "The store, or the service, can't answer now",
};

/** The document. `url` is where the service is reached. */
export function openApi(url: string, version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [endpoint, spec] of Object.entries(SPEC) as [Endpoint, Spec][]) {
    const [method = "", path = ""] = endpoint.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(endpoint, spec) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "tollwarden decision service",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "May this x402 payment be made? Agents ask, with a key that says who they are; nothing in a request's body does. " +
        "Anything but a whole answer with status 200 is a denial.",
    },
    servers: [{ url }],
    security: [{ key: [] }, { cookie: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "`tw_…`, with or without its last part" },
        cookie: { type: "apiKey", in: "cookie", name: "tollwarden", description: "Of POST /login, for browsers" },
      },
      schemas: { ...coreSchemas, ...serviceSchemas },
    },
  };
}

function operation(endpoint: Endpoint, spec: Spec): object {
  const {
    summary,
    scopes,
    query = {},
    body,
    optionalBody,
    path = {},
    answers,
    type = "application/json",
    errors = [],
  } = spec;
  const open = scopes === "open";
  const csv = "format" in query ? { "text/csv": { schema: { type: "string" } } } : {};
  const good =
    answers === undefined
      ? { 204: { description: "Done" } }
      : { 200: { description: "The answer", content: { [type]: { schema: answers }, ...csv } } };
  const usual = [
    400,
    421,
    429,
    503,
    ...(open ? [] : [401, 403]),
    ...(endpoint.startsWith("POST") ? [409, 413, 415] : []),
    ...errors,
  ];
  const known = [...new Set(usual)].sort((a, b) => a - b);
  return {
    operationId: operationId(endpoint),
    summary,
    ...(Array.isArray(scopes)
      ? { description: `For keys with ${scopes.map((scope) => `\`${scope}\``).join(" or ")}.` }
      : {}),
    ...(open ? { security: [] } : {}),
    parameters: [
      ...Object.entries(path).map(([name, schema]) => ({ name, in: "path", required: true, schema })),
      ...Object.entries(query).map(([name, schema]) => ({ name, in: "query", required: false, schema })),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: optionalBody !== true, content: { "application/json": { schema: body } } } }),
    responses: { ...good, ...Object.fromEntries(known.map((status) => [status, error(ERRORS[status] ?? "")])) },
  };
}

/** Such as `postPaymentsTicket`. */
function operationId(endpoint: Endpoint): string {
  const [method = "", path = ""] = endpoint.split(" ");
  const words = path
    .replace("/v1/", "/")
    .replace(/\.json$/, "")
    .split("/")
    .filter((word) => word !== "");
  const named = words.map((word) => (word.startsWith("{") ? `By-${word.slice(1, -1)}` : word)).join("-");
  return `${method.toLowerCase()}-${named}`.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
