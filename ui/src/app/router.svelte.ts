/** The address of the page: its path and its query, which hold the whole state of a page, so that a link shows the same. */
import PAGES from "../../../src/finopsmetrics/api/design/pages.json";
import { pending } from "./ready.svelte";

export interface Page {
  path: string;
  title: string;
  page: string;
  needs: string;
  group?: string;
}

export const pages: Page[] = PAGES;

class Place {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  found = $derived(pageAt(this.path));
}

export const place = new Place();

/** Go to another place; with `replace` the present one is not come back to. */
export function go(href: string, { replace = false } = {}): void {
  const url = new URL(href, location.origin);
  if (url.pathname === location.pathname && url.search === location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  settle();
}

/** Change parameters of the present place; null takes one away. */
export function setQuery(changes: Record<string, string | string[] | null>, { replace = true } = {}): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : value === null ? [] : [value]) query.append(name, one);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), { replace });
}

function settle(): void {
  const moved = place.path !== location.pathname;
  place.path = location.pathname;
  place.query = new URLSearchParams(location.search);
  pending.restart();
  if (moved) {
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}

/** The page at a path, and the name in it; null where there is none. */
export function pageAt(path: string): { page: Page; name: string } | null {
  for (const page of pages) {
    const [head, tail] = page.path.split("{name}");
    if (tail === undefined ? path === page.path : path.startsWith(head!) && path.length > head!.length) {
      return { page, name: tail === undefined ? "" : decodeURIComponent(path.slice(head!.length)) };
    }
  }
  return null;
}

window.addEventListener("popstate", settle);
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (pageAt(link.pathname) === null) return;
  event.preventDefault();
  go(link.href);
});
