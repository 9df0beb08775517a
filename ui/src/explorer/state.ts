/** The explorer's question, as its address holds it. */
export const METRICS = ["billed", "effective", "list", "contracted"] as const;
export const GRAINS = ["hour", "day", "week", "month", "quarter", "year"] as const;
export const CHARTS = ["area", "stacked_bar", "line", "bar", "treemap", "donut", "heatmap", "table"] as const;
export const RANGES: [string, string][] = [
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
  ["mtd", "This month"],
  ["last-month", "Last month"],
  ["ytd", "This year"],
  ["12m", "Last 12 months"],
  ["all", "All time"],
];
export const OVER_TIME: ReadonlySet<string> = new Set(["area", "stacked_bar", "line", "heatmap"]);

export interface Asked {
  range: string;
  groups: string[];
  filter: string;
  metric: string;
  basis: string;
  grain: string;
  chart: string;
  top: number;
  compare: boolean;
  cumulative: boolean;
  currency: string;
  charges: boolean;
}

/** Read the question from an address; what is absent is as people start. */
export function read(query: URLSearchParams): Asked {
  const one = (name: string, allowed: readonly string[], otherwise: string) => {
    const value = query.get(name) ?? otherwise;
    return allowed.includes(value) ? value : otherwise;
  };
  const range = query.get("range") || "30d";
  const groups = query.getAll("group_by").flatMap((text) => text.split(",")).filter(Boolean).slice(0, 2);
  return {
    range,
    groups: query.has("group_by") ? groups : ["ServiceName"],
    filter: query.get("filter") ?? "",
    metric: one("metric", METRICS, "billed"),
    basis: one("basis", ["accrual", "cash"], "accrual"),
    grain: one("grain", GRAINS, grainOf(range)),
    chart: one("chart", CHARTS, "stacked_bar"),
    top: Math.min(Math.max(Number(query.get("top")) || 8, 1), 50),
    compare: query.get("compare") === "1",
    cumulative: query.get("cumulative") === "1",
    currency: query.get("currency") ?? "",
    charges: query.get("rows") === "1",
  };
}

/** The grain that suits a window, where none is chosen. */
export function grainOf(range: string): string {
  return /^(all|ytd|[0-9]+y|([2-9]|1[0-9]|2[0-9])m|\d{4}|\d{4}-Q\d)$/.test(range) ? "month" : "day";
}

/** The parameters of /api/v1/costs for the sums of each group, or for each over time. */
export function question(asked: Asked, over: "groups" | "time"): URLSearchParams {
  const query = new URLSearchParams({ range: asked.range, metric: asked.metric, basis: asked.basis });
  const groups = over === "time" ? asked.groups.slice(0, 1) : asked.groups;
  if (groups.length) query.set("group_by", groups.map((name) => `${name}`).join(","));
  if (asked.filter) query.set("filter", asked.filter);
  if (over === "time") {
    query.set("grain", asked.grain);
    if (groups.length) query.set("top", String(asked.top));
  } else {
    query.set("top", "200");
    if (asked.compare && asked.range !== "all") query.set("compare", "true");
  }
  return query;
}
