/** The dashboard's files. */

import type { Assets } from "../service/api.ts";

const page =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
  "<title>tollwarden</title><h1>tollwarden</h1><p>The decision service answers. Its interface is described in " +
  '<a href="/openapi.json">/openapi.json</a>.</p></html>\n';

export const assets: Assets = { "/": { type: "text/html; charset=utf-8", body: page } };
