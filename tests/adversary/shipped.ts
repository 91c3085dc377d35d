/** The package as a user gets it: packed, installed into an empty project, and imported by the names that it exports. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installedPackage } from "../../pkg-scripts/package/tarball.mjs";

type Main = typeof import("../../js/index.ts");
type Gate = typeof import("../../js/gate/index.ts");
type Approvals = typeof import("../../js/approvals/index.ts");
type Audit = typeof import("../../js/audit.ts");
type Service = typeof import("../../js/service/index.ts");
type Remote = typeof import("../../js/remote/index.ts");
type AuditRead = typeof import("../../js/audit/read.ts");

export type Shipped = Main & {
  readonly gate: Gate;
  readonly approvals: Approvals;
  readonly audit: Audit;
  readonly auditRead: AuditRead;
  readonly service: Service;
  readonly remote: Remote;
  /** Where it was imported from. */
  readonly from: string;
};

export async function loadShipped(): Promise<Shipped> {
  const { folder } = (await installedPackage()) as { readonly folder: string };
  const { resolve } = createRequire(join(folder, "package.json"));
  const from = resolve("tollwarden");
  const load = async (name: string): Promise<unknown> => import(pathToFileURL(resolve(name)).href);
  const main = (await load("tollwarden")) as Main;
  const gate = (await load("tollwarden/gate")) as Gate;
  const approvals = (await load("tollwarden/approvals")) as Approvals;
  const audit = (await load("tollwarden/audit")) as Audit;
  const service = (await load("tollwarden/service")) as Service;
  const remote = (await load("tollwarden/remote")) as Remote;
  const auditRead = (await load("tollwarden/audit/read")) as AuditRead;
  return { ...main, gate, approvals, audit, auditRead, service, remote, from };
}
