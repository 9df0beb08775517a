/** What the typed client answers, by the names of the server's own schemas. */
import type { components } from "../api/schema";

export type Shown<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** The body of an answer; `ask` throws what is no success, so that there is one. */
export async function taken<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
