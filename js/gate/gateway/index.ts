/** `tollwarden/gateway`: the reverse proxy that sells, on Node. */

import "../../core/inline.ts";
import "../../stores/default.ts";

export type { ServeOptions, Serving } from "../../listen.ts";
export { createApiKey, hashApiKey } from "../identity.ts";
export { type GatewayConfig, type GatewayRoute, readGatewayFile } from "./config.ts";
export { developmentFacilitator } from "./development.ts";
export { httpFacilitator } from "./facilitator.ts";
export { createGateway, type Gateway, type GatewayOptions, type Proxied } from "./gateway.ts";
export { serveGateway } from "./serve.ts";
