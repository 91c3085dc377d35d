/**
 * A module of Node's, where there is one; found, so that every other runtime loads what asks for it. Nothing elsewhere:
 * some edge runtimes throw at the mere question.
 */
export function builtin(name: string): unknown {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  try {
    return host.process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}
