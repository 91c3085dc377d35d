/** Values against the schemas of the OpenAPI document: what is published is what is checked. */

import { badRequest } from "./exchange.ts";

/** The part of JSON Schema that the document uses for what is sent to the service. */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly enum?: readonly (string | boolean)[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly default?: unknown;
  readonly $ref?: string;
}

/** Throws `Refused`, with the place that is wrong. */
export function check(schema: Schema, value: unknown, where: string): void {
  const wrong = wrongness(schema, value, where);
  if (wrong !== undefined) throw badRequest(...wrong);
}

type Wrong = readonly [where: string, message: string, fix?: string];

function wrongness(schema: Schema, value: unknown, where: string): Wrong | undefined {
  if (schema.anyOf !== undefined) {
    const found = schema.anyOf.map((one) => wrongness(one, value, where));
    return found.includes(undefined) ? undefined : (found.find((one) => one?.[0] !== where) ?? found[0]);
  }
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    return [where, `${shown(value)} is none of ${schema.enum.map((one) => `\`${one}\``).join(", ")}`];
  }
  switch (schema.type) {
    case "object":
      return objectWrong(schema, value, where);
    case "array": {
      if (!Array.isArray(value)) return [where, `${shown(value)} is no list`];
      const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
      if (value.length < minItems || value.length > maxItems) return [where, `it has ${value.length} entries`];
      if (items === undefined) return undefined;
      return firstOf(value, (one, place) => wrongness(items, one, `${where}[${place}]`));
    }
    case "string":
      return textWrong(schema, value, where);
    case "integer":
    case "number": {
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
      const good = schema.type === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
      if (!good) return [where, `${shown(value)} is no ${schema.type === "integer" ? "whole number" : "number"}`];
      const number = value as number;
      if (number < minimum || number > maximum) return [where, `${number} is not from ${minimum} to ${maximum}`];
      return undefined;
    }
    case "boolean":
      return typeof value === "boolean" ? undefined : [where, `${shown(value)} is neither true nor false`];
    default:
      return undefined;
  }
}

function objectWrong(schema: Schema, value: unknown, where: string): Wrong | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [where, `${shown(value)} is no object`];
  const { properties = {}, required = [], additionalProperties = true, maxProperties } = schema;
  for (const name of required) if (!Object.hasOwn(value, name)) return [`${where}.${name}`, "it is missing"];
  const entries = Object.entries(value);
  if (maxProperties !== undefined && entries.length > maxProperties) return [where, `it has ${entries.length} members`];
  return firstOf(entries, ([name, member]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) return wrongness(known, member, `${where}.${name}`);
    if (additionalProperties === false) {
      const names = Object.keys(properties).join(", ");
      return [`${where}.${name}`.slice(0, 200), "it is not known here", `there are ${names}`];
    }
    return typeof additionalProperties === "object"
      ? wrongness(additionalProperties, member, `${where}.${name}`)
      : undefined;
  });
}

const patterns = new Map<string, RegExp>();

function textWrong(schema: Schema, value: unknown, where: string): Wrong | undefined {
  if (typeof value !== "string") return [where, `${shown(value)} is no text`];
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  if (value.length < minLength || value.length > maxLength) return [where, `it has ${value.length} characters`];
  // The store takes neither: a lone surrogate, or U+0000.
  if (!value.isWellFormed() || value.includes("\0")) return [where, "it holds a character that no store takes"];
  if (pattern !== undefined) {
    const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
    patterns.set(pattern, known);
    if (!known.test(value)) return [where, `${shown(value)} does not match \`${pattern}\``];
  }
  if (format === "date-time" && Number.isNaN(Date.parse(value)))
    return [where, `${shown(value)} is no time in ISO 8601`];
  return undefined;
}

function firstOf<T>(list: readonly T[], find: (one: T, place: number) => Wrong | undefined): Wrong | undefined {
  for (const [place, one] of list.entries()) {
    const wrong = find(one, place);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return `\`${text.length > 80 ? `${text.slice(0, 80)}…` : text}\``;
}
