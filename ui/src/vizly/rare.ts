/** What of ECharts few charts need. */
import { GaugeChart, HeatmapChart, PieChart, SankeyChart, TreemapChart } from "echarts/charts";
import { GraphicComponent, VisualMapContinuousComponent } from "echarts/components";
import { echarts } from "./echarts";

echarts.use([GaugeChart, HeatmapChart, PieChart, SankeyChart, TreemapChart, GraphicComponent, VisualMapContinuousComponent]);
