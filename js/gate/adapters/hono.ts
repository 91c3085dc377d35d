/** The gate as a middleware of Hono, on Node, Workers, Deno and Bun. */

import { answerRequest, type Sell } from "./fetch.ts";

/** The parts of Hono's context that are used here. */
export interface HonoContext {
  readonly req: { raw: Request };
  res: Response;
}

export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<void>;

export function honoMiddleware(sell: Sell): HonoMiddleware {
  return async (context, next) => {
    const answer = await answerRequest(sell, context.req.raw, async (request) => {
      context.req.raw = request;
      await next();
      return context.res;
    });
    if (answer === context.res) return;
    // Hono adds the headers of the response before to the one that takes its place: what was refused leaves none behind.
    (context as { res: Response | undefined }).res = undefined;
    context.res = answer;
  };
}
