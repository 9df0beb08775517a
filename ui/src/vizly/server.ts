/** VizlyChart where there is no page: a spec becomes SVG text. */
import { setPlatformAPI } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { compile, type Options } from "./compile";
import { echarts } from "./echarts";
import { measureText, fitted } from "./measure";
import "./rare";
import type { ChartSpec } from "./spec";
import { tableTwin } from "./table";
import { FONT, THEMES } from "./theme";

export { optionOf } from "./sample";

echarts.use([SVGRenderer]);
setPlatformAPI({ measureText });

/** Nothing in a picture moves or answers to a pointer, so it needs no style sheet. */
const STILL = { cssAnimation: false, cssEmphasis: false, useViewBox: true };
/** The height of a title over a chart. */
const HEAD = 30;
const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Draw a spec, given as JSON, as SVG: its title on top, its sentence as its description. */
export function renderToSVG(specText: string, optionsText: string): string {
  const spec = JSON.parse(specText) as ChartSpec;
  const options = JSON.parse(optionsText) as Options;
  const head = spec.title && options.height > 3 * HEAD ? HEAD : 0;
  const size = { width: options.width, height: options.height - head };
  const chart = echarts.init(null, undefined, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption(compile(spec, { ...options, ...size, animation: false, still: true }));
    const { painter } = chart.getZr() as unknown as { painter: { renderToString(how: object): string } };
    return framed(spec, options, head, painter.renderToString(STILL));
  } finally {
    chart.dispose();
  }
}

function framed(spec: ChartSpec, options: Options, head: number, drawn: string): string {
  const { width, height } = options;
  const told = escaped(spec.sentence || spec.title || "Chart");
  const text = head ? escaped(fitted(spec.title ?? "", width - 12, "700 15px")) : "";
  const title = text ? `<text x="4" y="19" style="font-size:15px;font-weight:700;font-family:${FONT};" fill="${THEMES[options.theme ?? "light"].ink}">${text}</text>\n` : "";
  const inner = drawn.replace("<svg ", `<svg y="${head}" `);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${told}">\n${title}${inner}\n</svg>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ESCAPES[sign]!);
}

/** The width of text in a font, as JSON: for tests that compare it with the font's file. */
export function widthOf(text: string, font: string): string {
  return JSON.stringify(measureText(text, font).width);
}

/** The table twin of a spec, as JSON. */
export function twinOf(specText: string): string {
  return JSON.stringify(tableTwin(JSON.parse(specText) as ChartSpec));
}
