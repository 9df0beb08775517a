/** All widgets of a dashboard in one request; each is drawn as soon as its line comes. */
import { ask } from "../app/api";
import type { ChartSpec } from "../vizly/spec";
import type { DashboardSpec, Item } from "./spec";

export interface Shown {
  id: string;
  type: string;
  title: string;
  state: "ok" | "empty" | "failed" | "forbidden";
  sentence: string;
  chart: ChartSpec | null;
  text: string | null;
  receipts: string[];
  source: string;
  link: string | null;
  empty: string | null;
  error: { code: string; detail: string; cure: string } | null;
}

/** Where widgets are shown: a page that is `embedded` names them and asks nothing else; `whole` is a dashboard as it is declared. */
export interface From { embedded?: string; whole?: string }

type Frame = Pick<DashboardSpec, "time_range" | "filters" | "currency">;

/** Ask for widgets; `told` is called with each as it is ready. */
export async function show(items: Item[], spec: Frame, told: (shown: Shown) => void, signal: AbortSignal, { embedded, whole }: From = {}): Promise<void> {
  let open = items;
  if (whole && items.length) {
    // The page asked for this address already, before any script ran. What was changed meanwhile is asked for below.
    await read(location.origin + whole, { signal }, (shown) => {
      if (!items.some((one) => one.id === shown.id && one.type === shown.type)) return;
      open = open.filter((one) => one.id !== shown.id);
      told(shown);
    });
  }
  if (open.length === 0) return;
  const path = embedded ? `/api/v1/embed/${embedded}/show` : "/api/v1/widgets/show";
  const body = embedded ? { ids: open.map((one) => one.id) } : {
    widgets: open.map(({ id, type, config, title }) => ({ id, type, config: config ?? {}, title: title ?? null })),
    time_range: spec.time_range ?? null,
    filters: spec.filters && Object.keys(spec.filters).length ? spec.filters : null,
    currency: spec.currency ?? null,
  };
  const headers = { "Content-Type": "application/json", Accept: "application/x-ndjson" };
  await read(location.origin + path, { method: "POST", signal, body: JSON.stringify(body), headers }, told);
}

async function read(address: string, init: RequestInit, told: (shown: Shown) => void): Promise<void> {
  const response = await ask(address, init);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) told(JSON.parse(line) as Shown);
  }
}
