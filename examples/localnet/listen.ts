// One way to open and close an HTTP server, for all servers of the local net.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Listening {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Closes the server and cuts the connections that are still open. More than once is harmless. */
  stop(): Promise<void>;
}

/** Opens a server on 127.0.0.1; port 0 takes any free one. Rejects if the port is taken. */
export async function listen(server: Server, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: open } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${open}`,
    stop() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      // Clients keep connections open for the next request, and close() would wait for them.
      server.closeAllConnections();
      return closed;
    },
  };
}
