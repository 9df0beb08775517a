/** What is declared: read, kept with the version that was read, deleted, restored. */
import { ask, json, send } from "./api";
import type { Schema } from "./schema";

export type Body = Record<string, unknown>;

export interface Kind {
  kind: string;
  plural: string;
  title: string;
  documentation: string;
  engine: string | null;
  json_schema: Schema;
  example: Body;
}

export interface Entry {
  name: string;
  version: number;
  origin: string | null;
  changed_at: string;
  changed_by: string;
  spec: Body;
}

export interface Change {
  version: number;
  at: string;
  actor: string;
  action: string;
  origin: string | null;
  body: Body | null;
}

export const kindOf = (kind: string, signal?: AbortSignal): Promise<Kind> => json(`/api/v1/kinds/${encodeURIComponent(kind)}`, { signal });

/** Where a spec is in the API. */
export function address(plural: string, name: string): string {
  return `/api/v1/${plural}/${encodeURIComponent(name)}`;
}

/** A body as it stands, with the tag that guards its next change. */
export async function readSpec(plural: string, name: string, signal?: AbortSignal): Promise<{ body: Body; etag: string }> {
  const answer = await ask(location.origin + address(plural, name), { signal });
  return { body: (await answer.json()) as Body, etag: answer.headers.get("ETag") ?? "" };
}

/** Keep a body: only if it is still the version that was read, or, without one, only if there is none of its name. */
export function keepSpec(plural: string, name: string, body: Body, etag: string | null): Promise<Body> {
  return send("PUT", address(plural, name), body, etag === null ? { "If-None-Match": "*" } : { "If-Match": etag });
}

export const historyOf = (plural: string, name: string, signal?: AbortSignal): Promise<{ changes: Change[] }> =>
  json(`${address(plural, name)}/history`, { signal });

export const deleteSpec = (plural: string, name: string, version: number): Promise<void> =>
  json(address(plural, name), { method: "DELETE", headers: { "If-Match": `"${version}"` } });

export const restoreSpec = (plural: string, name: string): Promise<Body> => json(`${address(plural, name)}/restore`, { method: "POST" });

/** The page of a spec. */
export function pageOf(kind: string, name: string): string {
  return `/declared/${kind}/${encodeURIComponent(name)}`;
}

/** Every spec of a kind that contains some text, page by page to the end. */
export async function allSpecs(plural: string, contains = "", signal?: AbortSignal): Promise<Entry[]> {
  const found: Entry[] = [];
  let next: string | null = `/api/v1/${plural}?${new URLSearchParams({ contains, limit: "1000" })}`;
  while (next !== null) {
    const page: { items: Entry[]; next: string | null } = await json(next, { signal });
    found.push(...page.items);
    next = page.next;
  }
  return found;
}
