/**
 * The dashboard's page: files to serve from one folder, of which `/` asks for the others beside it. A name that holds a hash
 * stands for the same bytes for ever. The page needs no other origin, no inline script or style and no eval.
 */

export { assets } from "./generated/assets.ts";
