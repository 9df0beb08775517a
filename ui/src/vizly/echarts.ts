/** What of ECharts nearly every page draws with. What few charts need comes by `rare`, when one of them is drawn. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendPlainComponent, LegendScrollComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import type { Sort } from "./spec";

echarts.use([BarChart, LineChart, GridComponent, LegendPlainComponent, LegendScrollComponent, MarkLineComponent, TooltipComponent]);

export { echarts };

/** The charts that need `rare`. */
export const RARE: ReadonlySet<Sort> = new Set<Sort>(["treemap", "sankey", "heatmap", "donut", "gauge", "kpi", "table"]);
