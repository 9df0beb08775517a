/** The chart of an answer: the same rows as the table, as VizlyChart's spec. */
import type { ChartSpec } from "../vizly/spec";
import { scaled, unscaled } from "../vizly/decimal";
import { and, equals } from "./filters";
import type { Asked } from "./state";

export type Row = Record<string, string | number | boolean | null>;
export const OTHER = "(other)";

/** What people read for a value of a dimension. */
export function named(value: unknown): string {
  return value === null || value === undefined || value === "" ? "(none)" : String(value);
}

/** The dimensions of an answer's rows, in their order. */
export function dimensionsOf(rows: Row[]): string[] {
  const beside = new Set(["currency", "cost", "previous", "change", "period"]);
  return Object.keys(rows[0] ?? {}).filter((name) => !beside.has(name));
}

/** Where a click on a row leads: the same question, limited to that row's values. */
export function drill(path: string, asked: Asked, row: Row, dimensions: string[]): string | null {
  if (dimensions.some((name) => row[name] === OTHER)) return null;
  const query = new URLSearchParams(path);
  query.set("filter", dimensions.reduce((text, name) => and(text, equals(name, row[name])), asked.filter));
  query.set("rows", "1");
  return `/explorer?${query}`;
}

/** Rows of one currency as a chart. Over time when the chart is, else one mark for each group. */
export function specOf(rows: Row[], asked: Asked, currency: string, path: string): ChartSpec | null {
  if (rows.length === 0 || asked.chart === "table") return null;
  const dimensions = dimensionsOf(rows);
  const [first = null, second = null] = dimensions;
  const overTime = "period" in rows[0]!;
  const told = overTime && asked.cumulative ? summedUp(rows, first) : rows;
  const columns: ChartSpec["columns"] = [
    ...(overTime ? [{ name: "period", label: "Day", type: "time" as const }] : []),
    ...dimensions.map((name) => ({ name, label: labelOf(name), type: "text" as const })),
    { name: "cost", label: labelOfCost(asked), type: "money", currency },
  ];
  const cells = told.map((row) => columns.map((column) => (column.type === "text" ? named(row[column.name]) : text(row[column.name]))));
  const sentence = `${labelOfCost(asked)}${dimensions.length ? ` by ${dimensions.map(labelOf).join(" and ")}` : ""}, in ${currency}`;
  const base = { version: 1 as const, sentence, columns, rows: cells, y: ["cost"], cumulative: asked.cumulative };
  if (overTime) {
    const chart = asked.chart === "heatmap" && first ? "heatmap" : asked.cumulative && asked.chart === "stacked_bar" ? "area" : asked.chart;
    return { ...base, chart: chart as ChartSpec["chart"], x: "period", series: first ?? undefined };
  }
  const links = told.map((row) => drill(path, asked, row, dimensions));
  if (asked.chart === "treemap") return { ...base, chart: "treemap", path: dimensions, links };
  if (asked.chart === "donut") return { ...base, chart: "donut", path: dimensions.slice(0, 1), links };
  return { ...base, chart: second ? "stacked_bar" : "bar", x: first ?? undefined, series: second ?? undefined, links };
}

/** A dimension as people read it: "ServiceName" as "Service name". */
export function labelOf(name: string): string {
  if (name.startsWith("tags.")) return `Tag ${name.slice(5)}`;
  const words = name.replace(/^x_/, "").replace(/Id$/, " ID").replace(/([a-z])([A-Z])/g, "$1 $2");
  return words.charAt(0) + words.slice(1).replace(/\b([A-Z])(?=[a-z])/g, (letter) => letter.toLowerCase());
}

/** The cost that is asked for, as people read it. */
export function labelOfCost(asked: Asked): string {
  const name = asked.metric.charAt(0).toUpperCase() + asked.metric.slice(1);
  return `${name} cost${asked.cumulative ? ", added up" : ""}`;
}

/** Exact sums so far, for each series: decimal text is added as whole numbers of its smallest digit. */
function summedUp(rows: Row[], series: string | null): Row[] {
  const sums = new Map<string, bigint>();
  return rows.toSorted((one, two) => String(one.period).localeCompare(String(two.period))).map((row) => {
    const key = series ? named(row[series]) : "";
    const sum = (sums.get(key) ?? 0n) + scaled(String(row.cost ?? "0"));
    sums.set(key, sum);
    return { ...row, cost: unscaled(sum) };
  });
}

function text(value: Row[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
