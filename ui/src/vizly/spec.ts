/** The chart spec, as `finopsmetrics.vizlychart.spec` declares it. */
export type Cell = string | number | null;
export type Sort =
  | "line" | "area" | "bar" | "stacked_bar" | "treemap" | "sankey" | "heatmap" | "waterfall" | "donut" | "gauge" | "sparkline" | "fan" | "table" | "kpi";

export interface Column {
  name: string;
  label?: string;
  type: "time" | "text" | "money" | "number" | "share";
  currency?: string | null;
  unit?: string | null;
  price?: boolean;
}

export interface Marker {
  at: string;
  text: string;
  sort?: "anomaly" | "note";
  series?: string | null;
}

export interface ChartSpec {
  version?: 1;
  chart: Sort;
  title?: string;
  sentence?: string;
  columns: Column[];
  rows?: Cell[][];
  x?: string | null;
  y?: string[];
  series?: string | null;
  path?: string[];
  low?: string | null;
  high?: string | null;
  value?: string | null;
  previous?: string | null;
  target?: string | null;
  totals?: string[];
  markers?: Marker[];
  links?: (string | null)[];
  cumulative?: boolean;
  rising?: "bad" | "good" | "neutral";
  locale?: string;
}
