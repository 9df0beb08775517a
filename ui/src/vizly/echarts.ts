/** What of ECharts nearly every page draws with. What few charts need comes by `rare`, when one of them is drawn. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendPlainComponent, LegendScrollComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import type { Sort } from "./spec";

// ECharts keeps text that it has measured by its name in a plain object: a tag that is called "__proto__" would change every
// object there is. Without this accessor that name is as any other.
Reflect.deleteProperty(Object.prototype, "__proto__");

echarts.use([BarChart, LineChart, GridComponent, LegendPlainComponent, LegendScrollComponent, MarkLineComponent, TooltipComponent]);

export { echarts };

/** The charts that need `rare`. */
export const RARE: ReadonlySet<Sort> = new Set<Sort>(["treemap", "sankey", "heatmap", "donut", "gauge", "kpi", "table"]);
