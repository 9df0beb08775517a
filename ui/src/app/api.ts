/** The client of the server's API: typed from its OpenAPI document, its errors as `Problem`. */
import createClient from "openapi-fetch";
import { facts } from "./facts";
import type { paths } from "../api/schema";

export interface Fault {
  pointer: string;
  message: string;
}

/** An error as the server tells it (RFC 9457): what went wrong, what to do about it, and at which fields. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly cure: string = "",
    readonly code: string = "",
    readonly faults: Fault[] = [],
  ) {
    super(cure ? `${detail} ${cure}` : detail);
  }
}

const SAFE = new Set(["GET", "HEAD"]);
/** Where 401 says that a password or a code is wrong, not that nobody is logged in. */
const PROOFS = new Set(["/api/v1/me/password", "/api/v1/me/second-factor/confirm", "/api/v1/me/second-factor/off"]);

/** `fetch` with the session's CSRF token on writes; an answer that is no success is thrown as a Problem. */
export async function ask(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  if (!SAFE.has(request.method) && facts.me.csrf) request.headers.set("X-CSRF-Token", facts.me.csrf);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached.", "See whether it still runs, and try again.");
  }
  if (response.ok) return response;
  if (response.status === 401 && !facts.embed && !PROOFS.has(new URL(request.url).pathname)) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = await response.json();
    const faults: Fault[] = body.errors ?? [];
    return new Problem(response.status, body.detail ?? body.title ?? "", body.cure ?? "", body.code ?? "", faults);
  } catch {
    return new Problem(response.status, `The server answered ${response.status}.`);
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => ask(request) });

/** A JSON answer of a path; for what the typed client does not name, such as the routes that each kind has. */
export async function json<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await ask(new URL(path, location.origin).href, { ...init, headers: { Accept: "application/json", ...init.headers } });
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** Send JSON and read JSON. */
export function send<T>(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return json<T>(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } });
}
