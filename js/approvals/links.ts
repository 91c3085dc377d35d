/**
 * Links to approve and to refuse. A link carries a signed token: for one question, one approver, until the question's time
 * is over, and good for one answer, which the ledger sees to. A GET only shows: what follows links, such as the scanners
 * of a mail server, decides nothing. The answer is a form that is posted.
 */

import type { ApprovalView } from "../core/types.ts";
import { base64UrlOf, bytesOfBase64Url, hmac, hmacKey, isHmac } from "../encoding.ts";
import type { Approvals } from "./desk.ts";
import { describeApproval } from "./message.ts";

export interface LinkOptions {
  /** Where the handler below is reached, such as `https://approve.example.com/payment`. */
  readonly baseUrl: string;
  /** At least 16 bytes that the agent doesn't know. */
  readonly secret: string | Uint8Array;
  readonly now?: () => number;
}

export interface ApprovalLinks {
  /** The link for one approver to one question. */
  link(request: ApprovalView, approver: string): Promise<string>;
  /** Shows the question to a GET, and takes the answer of a POST. For any server that has `Request` and `Response`. */
  handler(approvals: Approvals): (request: Request) => Promise<Response>;
}

interface Token {
  readonly id: string;
  readonly digest: string;
  readonly approver: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The longest token that is read, and the longest form. */
const LONGEST = 4_096;
/** Before what is signed, so that no signature for something else is one for this. */
const PURPOSE = "tollwarden link 1";

export function approvalLinks({ baseUrl, secret, now = Date.now }: LinkOptions): ApprovalLinks {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (bytes.length < 16) throw new Error(`the secret of the links has ${bytes.length} bytes, and 16 are the least`);
  const key = hmacKey(bytes);

  async function read(text: string | null | undefined): Promise<Token | undefined> {
    const [payload, mac, more] = (text ?? "").length > LONGEST ? [] : (text ?? "").split(".");
    if (payload === undefined || mac === undefined || more !== undefined) return undefined;
    const [told, signed] = [bytesOfBase64Url(payload), bytesOfBase64Url(mac)];
    if (told === undefined || signed === undefined) return undefined;
    if (!(await isHmac(await key, signed, `${PURPOSE}.${payload}`))) return undefined;
    const [id, digest, approver, until] = JSON.parse(new TextDecoder().decode(told)) as [
      string,
      string,
      string,
      number,
    ];
    return { id, digest, approver, until };
  }

  return {
    async link(request, approver) {
      const token = [request.id, request.digest, approver, Date.parse(request.expires_at)];
      const payload = base64UrlOf(new TextEncoder().encode(JSON.stringify(token)));
      const mac = base64UrlOf(await hmac(await key, `${PURPOSE}.${payload}`));
      const url = new URL(baseUrl);
      url.searchParams.set("token", `${payload}.${mac}`);
      return url.href;
    },

    handler: (approvals) => async (request) => {
      const form = request.method === "POST" ? await formOf(request) : undefined;
      if (form === "bad") return page(400, "This is not a form", ["Open the link again."]);
      const text = form === undefined ? new URL(request.url).searchParams.get("token") : form.get("token");
      if (!["GET", "HEAD", "POST"].includes(request.method)) return page(405, "Only GET and POST", []);
      const token = await read(text);
      if (token === undefined) return page(403, "This link is not one of ours", ["It may have been cut short."]);
      const view = await approvals.get(token.id);
      if (!(now() < token.until) || view === undefined || view.digest !== token.digest) {
        return page(410, "This link has expired", [
          "Nobody decided in time, which is a denial, or something else is asked now.",
        ]);
      }
      const answered = view.answers.find(({ approver }) => approver === token.approver);
      if (answered !== undefined)
        return page(409, "This link was used", [
          `${token.approver} has ${answered.approved ? "approved" : "refused"}.`,
        ]);
      if (form === undefined)
        return page(200, `${token.approver}: may this be paid?`, describeApproval(view), text ?? "");
      const decision = form.get("decision");
      if (decision !== "approve" && decision !== "reject") return page(400, "Neither approved nor refused", []);
      const options = { digest: token.digest, once: true };
      const outcome = await approvals[decision](token.id, token.approver, options);
      if (!outcome.ok) return page(409, "That does not count", [outcome.message ?? outcome.reason ?? ""]);
      return page(200, decision === "approve" ? "Approved" : "Refused", describeApproval(view));
    },
  };
}

async function formOf(request: Request): Promise<URLSearchParams | "bad"> {
  const type = request.headers.get("content-type") ?? "";
  const text = await request.text();
  const isForm = type.split(";")[0]?.trim().toLowerCase() === "application/x-www-form-urlencoded";
  if (!isForm || text.length > LONGEST * 2) return "bad";
  const form = new URLSearchParams(text);
  // A member that stands there twice could be read as either.
  return ["token", "decision"].every((name) => form.getAll(name).length <= 1) ? form : "bad";
}

function page(status: number, title: string, lines: readonly string[], token?: string): Response {
  const form =
    token === undefined
      ? ""
      : `<form method="post"><input type="hidden" name="token" value="${escaped(token)}">` +
        '<button name="decision" value="approve">Approve</button> <button name="decision" value="reject">Refuse</button></form>';
  const body =
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escaped(title)}</title><h1>${escaped(title)}</h1><pre>${lines.map(escaped).join("\n")}</pre>${form}</html>\n`;
  return new Response(body, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex",
    },
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
