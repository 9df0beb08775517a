/** What of ECharts is used, and nothing else of it. */
import { BarChart, GaugeChart, HeatmapChart, LineChart, PieChart, SankeyChart, TreemapChart } from "echarts/charts";
import { AriaComponent, GraphicComponent, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";

echarts.use([
  BarChart, GaugeChart, HeatmapChart, LineChart, PieChart, SankeyChart, TreemapChart,
  AriaComponent, GraphicComponent, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TooltipComponent, VisualMapComponent,
]);

export { echarts };
