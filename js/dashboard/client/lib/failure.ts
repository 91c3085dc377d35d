/** Why the service did not do what was asked, for people. */

export interface Failure {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The service has refused, or could not be reached. */
export class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Refused) return error.failure;
  return { status: 0, code: "unreachable", message: error instanceof Error ? error.message : String(error) };
}
