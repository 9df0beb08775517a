/** VizlyChart where there is no page: a spec becomes SVG text. */
import { SVGRenderer } from "echarts/renderers";
import { compile, type Options } from "./compile";
import { echarts } from "./echarts";
import "./rare";
import type { ChartSpec } from "./spec";
import { tableTwin } from "./table";

echarts.use([SVGRenderer]);

/** Draw a spec, given as JSON, as SVG. */
export function renderToSVG(specText: string, optionsText: string): string {
  const spec = JSON.parse(specText) as ChartSpec;
  const options = JSON.parse(optionsText) as Options;
  const chart = echarts.init(null, undefined, { renderer: "svg", ssr: true, width: options.width, height: options.height });
  try {
    chart.setOption(compile(spec, { ...options, animation: false }));
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** The table twin of a spec, as JSON. */
export function twinOf(specText: string): string {
  return JSON.stringify(tableTwin(JSON.parse(specText) as ChartSpec));
}

/** The option of a spec as JSON, each formatter as what it makes of sample values: for tests that compare engines. */
export function optionOf(specText: string, optionsText: string): string {
  const option = compile(JSON.parse(specText) as ChartSpec, JSON.parse(optionsText) as Options);
  return JSON.stringify(option, (_, value: unknown) => {
    if (typeof value !== "function") return value;
    return [0, 1234.5, -1_000_000, "2026-11-03", "text"].map((sample) => {
      try {
        return String((value as (given: unknown) => unknown)(sample));
      } catch {
        return "—";
      }
    });
  });
}
