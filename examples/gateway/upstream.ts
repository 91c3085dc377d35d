// The API: plain HTTP, on an address that only the gateway knows.

import { createServer } from "node:http";

export async function startApi(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? "/").split("?");
    if (path === "/broken") return void response.writeHead(500).end("no");
    const body = path === "/dataset" ? { rows: [1, 2, 3] } : { city: "Lisbon", celsius: 21 };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
