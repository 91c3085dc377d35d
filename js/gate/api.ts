/** `tollwarden/gate`: the seller's side. */

export type { ExpressMiddleware } from "./adapters/express.ts";
export type { FastifyPlugin } from "./adapters/fastify.ts";
export type { FetchOptions, Handler } from "./adapters/fetch.ts";
export type { HonoMiddleware } from "./adapters/hono.ts";
export type { Anomaly, AnomalyOptions } from "./anomaly.ts";
export type { EvaluateRequest, Evaluation, RecordedSettlement } from "./by-hand.ts";
export type { CircuitOptions } from "./circuit.ts";
export type { Desk, PaymentFilter } from "./desk.ts";
export type { Facilitator } from "./facilitator.ts";
export { createGate, type Gate, type GateOptions } from "./gate.ts";
export type { GatewayConfig, GatewayRoute } from "./gateway/config.ts";
export { httpFacilitator } from "./gateway/facilitator.ts";
export { createGateway, type Gateway, type GatewayOptions, type Proxied } from "./gateway/gateway.ts";
export { type ApiClient, createApiKey, hashApiKey } from "./identity.ts";
export type { Line } from "./insight.ts";
export { type OpenDesk, openGateDesk } from "./open-desk.ts";
export type { Confirm, GateEvent, RecordEvent } from "./parts.ts";
export type { AssetPrice, Price, PriceContext } from "./price.ts";
export type { Books, Dispute, Iou, PaymentRecord, PaymentState, Refund } from "./records.ts";
export { verifyIou } from "./refunds.ts";
export { type Answer, REFUND_HEADER, REFUSAL_HEADER } from "./refusal.ts";
export type { PayWay, Requirements, SchemeEntry, SchemeServer } from "./requirements.ts";
export type { Resolved } from "./resolve.ts";
export type { FreeTier, GateRoute, GateRoutes } from "./routes.ts";
export { PAYMENT_HEADER, type Release, type Sale } from "./sale.ts";
export type { Begun, GateRequest } from "./sell.ts";
