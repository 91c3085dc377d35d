/**
 * What is out of the ordinary, by a method that needs no history: for each client a slowly forgetting mean and mean
 * deviation of the logarithm of what it pays in an hour, and of single payments. A constant time and a few numbers per
 * client. The logarithm makes "ten times as much" the same step at a cent and at a dollar; a floor under the deviation
 * keeps a client that always pays the same from being an anomaly at the first odd cent; the first figures of a client
 * only teach; and a figure is judged before it is learnt from.
 */

export interface Anomaly {
  readonly kind: "payment_unusual" | "spend_spike" | "new_payer" | "failure_spike";
  readonly client: string;
  readonly route: string;
  readonly at: number;
  /** What it was, and what was usual: dollars, or a share. */
  readonly value: number;
  readonly usual: number;
}

export interface AnomalyOptions {
  /** How many times the usual is an anomaly. Default 10. */
  readonly factor?: number;
  /** Figures of a client that only teach. Default 8. */
  readonly minimum?: number;
  /** Clients that are kept in mind; of more, those that were quiet longest are forgotten. Default 10,000. */
  readonly clients?: number;
}

export interface AnomalyEvent {
  readonly client: string;
  readonly route: string;
  readonly at: number;
  /** In dollars; nothing for an asset without a price. Figures for people: no limit rests on them. */
  readonly usd: number | undefined;
  readonly failed: boolean;
}

interface Course {
  count: number;
  mean: number;
  deviation: number;
}

interface Client {
  readonly single: Course;
  readonly hourly: Course;
  hour: number;
  spent: number;
  told: boolean;
  failures: number;
}

const HOUR = 3_600_000;
/** How much a new figure counts, once there are enough of them. */
const WEIGHT = 0.1;
/** A deviation is never taken for less: a factor of 1.3. */
const FLOOR = Math.log(1.3);
/** Calls after which the failures of a client say anything. */
const FAILURES = 10;

export function anomalies(options: AnomalyOptions = {}): { note(event: AnomalyEvent): readonly Anomaly[] } {
  const { factor = 10, minimum = 8, clients: most = 10_000 } = options;
  const clients = new Map<string, Client>();
  let seen = 0;

  /** Whether it lies so far above; then it is learnt from, as far as the usual may move. */
  function unusual(course: Course, value: number): number | undefined {
    const figure = Math.log(value);
    const above = figure - course.mean;
    const far = above >= Math.log(factor) && above > 4 * Math.max(course.deviation, FLOOR);
    const told = course.count >= minimum && far ? Math.exp(course.mean) : undefined;
    const weight = Math.max(WEIGHT, 1 / (course.count + 1));
    // One figure moves the usual by a step at most, which is wider where figures vary: a spike does not make itself usual.
    const most = course.count < minimum ? Number.POSITIVE_INFINITY : Math.max(1, 3 * course.deviation);
    const step = Math.min(Math.max(above, -most), most);
    course.deviation += weight * (Math.abs(step) - course.deviation);
    course.mean += weight * step;
    course.count += 1;
    return told;
  }

  return {
    note({ client, route, at, usd, failed }) {
      const found: Anomaly[] = [];
      const tell = (kind: Anomaly["kind"], value: number, usual: number): void => {
        found.push({ kind, client, route, at, value, usual });
      };
      const hour = Math.floor(at / HOUR);
      const known = clients.get(client);
      const one = known ?? { single: course(), hourly: course(), hour, spent: 0, told: false, failures: 0 };
      clients.delete(client);
      clients.set(client, one);
      const [quiet] = clients.keys();
      if (clients.size > most && quiet !== undefined) clients.delete(quiet);

      if (known === undefined && seen >= minimum) tell("new_payer", usd ?? 0, 0);
      seen += 1;

      one.failures = failed ? one.failures + 1 : 0;
      if (one.failures === FAILURES) tell("failure_spike", one.failures, 0);
      if (failed || usd === undefined || !(usd > 0)) return found;

      const usual = unusual(one.single, usd);
      if (usual !== undefined) tell("payment_unusual", usd, usual);
      if (hour !== one.hour) {
        if (one.spent > 0) unusual(one.hourly, one.spent);
        [one.hour, one.spent, one.told] = [hour, 0, false];
      }
      one.spent += usd;
      const { count, mean, deviation } = one.hourly;
      const above = Math.log(one.spent) - mean;
      if (!one.told && count >= 3 && above >= Math.log(factor) && above > 4 * Math.max(deviation, FLOOR)) {
        one.told = true;
        tell("spend_spike", one.spent, Math.exp(mean));
      }
      return found;
    },
  };
}

function course(): Course {
  return { count: 0, mean: 0, deviation: 0 };
}
