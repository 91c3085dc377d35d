// The page behind the links, on Node's own server. Put it behind something that speaks https.

import { createServer, type Server } from "node:http";

/** `url`: where approvers reach it. */
export async function servePage(
  page: (request: Request) => Promise<Response>,
  url: string,
  port: number,
): Promise<Server> {
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const answer = await page(
      new Request(new URL(request.url ?? "/", url), {
        method: request.method ?? "GET",
        headers: { "content-type": request.headers["content-type"] ?? "" },
        ...(request.method === "POST" && { body: Buffer.concat(parts) }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}
