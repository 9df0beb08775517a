/** Which row of the data a click on a chart means. */
import type { EChartsType } from "echarts/core";
import { Data, nameOf } from "./data";
import type { Cell, ChartSpec } from "./spec";

/** What ECharts says of a mark that was clicked. */
interface Mark {
  dataIndex: number;
  name: string;
  seriesName?: string;
  dataType?: string;
  data?: unknown;
  treePathInfo?: { name: string }[];
}

/** Lines and areas are no marks that can be hit: there the place that was clicked counts. */
const BY_PLACE = new Set(["line", "area", "fan", "sparkline"]);

/** Tell the row of each mark that is clicked, and null where there is none. */
export function picking(chart: EChartsType, spec: () => ChartSpec, tell: (row: Cell[] | null) => void): void {
  chart.on("click", (event) => {
    const told = spec();
    if (!BY_PLACE.has(told.chart)) tell(ofMark(told, event as unknown as Mark));
  });
  chart.getZr().on("click", (event) => {
    const told = spec();
    const place = [event.offsetX, event.offsetY];
    if (!BY_PLACE.has(told.chart)) {
      if (!event.target) tell(null);
    } else if (chart.containPixel("grid", place)) {
      const [at, value] = chart.convertFromPixel({ xAxisIndex: 0, yAxisIndex: 0 }, place) as number[];
      tell(ofPlace(told, at!, value!, shown(chart)));
    }
  });
}

/** The row that a mark stands for. */
export function ofMark(spec: ChartSpec, mark: Mark): Cell[] | null {
  const data = new Data(spec);
  const path = spec.path ?? [];
  const first = (names: string[]) => data.rows.find((row) => (data.number(row, spec.y?.[0]) ?? 0) > 0 && path.every((name, at) => data.text(row, name) === names[at])) ?? null;
  switch (spec.chart) {
    case "bar":
    case "waterfall":
    case "heatmap":
      return data.rows[mark.dataIndex] ?? null;
    case "stacked_bar": {
      const x = data.values(spec.x ?? "")[mark.dataIndex];
      return data.rows.find((row) => data.text(row, spec.x) === x && (!spec.series || data.text(row, spec.series) === mark.seriesName)) ?? null;
    }
    case "donut":
      return first([mark.name]);
    case "treemap": {
      const names = (mark.treePathInfo ?? []).slice(1).map((one) => one.name);
      return names.length === path.length ? first(names) : null;
    }
    case "sankey": {
      const { source, target } = (mark.data ?? {}) as { source?: string; target?: string };
      return mark.dataType === "edge" && source && target ? first([source, target].map(nameOf)) : null;
    }
    default:
      return null;
  }
}

/** The row at a place of a chart of lines: of the line that is nearest, or of the area that is there. */
export function ofPlace(spec: ChartSpec, at: number, value: number, seen: (series: string) => boolean): Cell[] | null {
  const data = new Data(spec);
  const x = data.values(spec.x ?? "")[at];
  const [y] = spec.y ?? [];
  const rows = data.rows.filter((row) => data.text(row, spec.x) === x);
  if (!spec.series) return rows[0] ?? null;
  const row = (series: string) => rows.find((one) => data.text(one, spec.series) === series) ?? null;
  let [floor, best, nearest] = [0, Infinity, null as string | null];
  for (const { name, values } of data.series(spec.x ?? "", spec.series, y ?? "")) {
    const own = values[at];
    if (own == null || !seen(name)) continue;
    const top = spec.chart === "area" ? floor + own : own;
    if (spec.chart === "area" && value >= Math.min(floor, top) && value <= Math.max(floor, top)) return row(name);
    if (Math.abs(value - top) < best) [best, nearest] = [Math.abs(value - top), name];
    floor = top;
  }
  return nearest === null ? null : row(nearest);
}

/** Whether a series is drawn: who points at a legend can hide it. */
function shown(chart: EChartsType): (series: string) => boolean {
  const { legend } = chart.getOption() as { legend?: { selected?: Record<string, boolean> }[] };
  return (series) => legend?.[0]?.selected?.[series] !== false;
}
