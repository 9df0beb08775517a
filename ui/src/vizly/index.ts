/** VizlyChart in the browser: draws a spec on a canvas. */
import { compile } from "./compile";
import type { EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { echarts, RARE } from "./echarts";
import type { ChartSpec } from "./spec";
import { THEMES, type ThemeName } from "./theme";

echarts.use([CanvasRenderer]);

export interface Drawing {
  update(spec: ChartSpec): void;
  resize(): void;
  dispose(): void;
  /** The picture as a data URL of a PNG, on the theme's own ground. */
  toPNG(): string;
}

export interface DrawOptions {
  theme?: ThemeName;
  onClick?: (link: string) => void;
  /** Is given the chart before it is painted. */
  onReady?: (chart: EChartsType) => void;
}

/** Draw a spec into an element; it takes the element's size. */
export async function draw(element: HTMLElement, spec: ChartSpec, options: DrawOptions = {}): Promise<Drawing> {
  if (RARE.has(spec.chart)) await import("./rare");
  const chart = echarts.init(element, undefined, { renderer: "canvas" });
  options.onReady?.(chart);
  let told = spec;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const paint = (animation: boolean) => {
    const [width, height] = [chart.getWidth(), chart.getHeight()];
    chart.setOption(compile(told, { theme: options.theme, width, height, animation: animation && !calm }), { notMerge: true });
  };
  paint(false);
  if (options.onClick && spec.links?.some(Boolean)) {
    chart.on("click", (event) => {
      const link = (event.data as { link?: string | null } | undefined)?.link;
      if (link) options.onClick!(link);
    });
  }
  return {
    update(next) {
      told = next;
      paint(true);
    },
    resize() {
      const [width, height] = [element.clientWidth, element.clientHeight];
      if (width && height && (width !== chart.getWidth() || height !== chart.getHeight())) {
        chart.resize();
        paint(false);
      }
    },
    dispose: () => chart.dispose(),
    toPNG: () => chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: THEMES[options.theme ?? "light"].card }),
  };
}
