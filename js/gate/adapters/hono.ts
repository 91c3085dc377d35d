/** The gate as a middleware of Hono, on Node, Workers, Deno and Bun. */

import { answerRequest, type Sell } from "./fetch.ts";

/** The parts of Hono's context that are used here. */
interface Context {
  readonly req: { raw: Request };
  res: Response;
}

export type HonoMiddleware = (context: never, next: () => Promise<void>) => Promise<Response>;

export function honoMiddleware(sell: Sell): HonoMiddleware {
  return async (context: Context, next) => {
    const answer = await answerRequest(sell, context.req.raw, async (request) => {
      context.req.raw = request;
      await next();
      return context.res;
    });
    // Hono adds the headers of the response before to the one that takes its place; those of a refused one are not sent.
    (context as { res: Response | undefined }).res = undefined;
    return answer;
  };
}
