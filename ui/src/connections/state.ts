/** How a connection fares. */
import type { Entry } from "../app/specs";
import type { Shown } from "../app/typed";

const STALE = 48 * 3_600_000;

/** Its state in a word; what is not collected from is only declared. */
export function stateOf(row: Entry & { collected?: Shown<"CollectedShown"> }, now = Date.now()): string {
  if (row.spec.enabled === false) return "switched off";
  const one = row.collected;
  if (!one) return "declared";
  if (one.error) return "failed";
  if (one.began_at && !one.ended_at) return "running";
  if (!one.succeeded_at) return "never synced";
  return now - Date.parse(one.succeeded_at) > STALE ? "stale" : "healthy";
}
