/** `tollwarden/service`: the decision service. */

export type * from "./api.ts";
export type { Answer, Asked } from "./exchange.ts";
export type { HistoryOptions } from "./history.ts";
export type { Rate } from "./limits.ts";
export type { LogPlace } from "./log.ts";
export { openApi } from "./openapi.ts";
export type { ServiceEvent } from "./parts.ts";
export { createService, type Service, type ServiceMemory, type ServiceOptions, serviceMemory } from "./service.ts";
