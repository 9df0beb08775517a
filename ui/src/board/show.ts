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

/** Ask for widgets; `told` is called with each as it is ready. A page that is `embedded` names its widgets and asks nothing else. */
export async function show(
  items: Item[], spec: Pick<DashboardSpec, "time_range" | "filters" | "currency">, told: (shown: Shown) => void, signal: AbortSignal,
  embedded?: string,
): Promise<void> {
  if (items.length === 0) return;
  const path = embedded ? `/api/v1/embed/${embedded}/show` : "/api/v1/widgets/show";
  const body = embedded ? { ids: items.map((one) => one.id) } : {
    widgets: items.map(({ id, type, config, title }) => ({ id, type, config: config ?? {}, title: title ?? null })),
    time_range: spec.time_range ?? null,
    filters: spec.filters && Object.keys(spec.filters).length ? spec.filters : null,
    currency: spec.currency ?? null,
  };
  const response = await ask(location.origin + path, {
    method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "application/x-ndjson" },
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) told(JSON.parse(line) as Shown);
  }
}
