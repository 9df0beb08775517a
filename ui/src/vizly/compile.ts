/** A spec becomes an ECharts option: one compiler for the page, the notebook, print and messages. Pure: the same in, the same out. */
import { axes } from "./cartesian";
import { Data } from "./data";
import { whole } from "./parts";
import type { ChartSpec } from "./spec";
import { FONT, THEMES, type ThemeName } from "./theme";
import type { Frame, Option } from "./frame";

export interface Options {
  theme?: ThemeName;
  width: number;
  height: number;
  /** Whether marks grow into place; never on the server, nor for whoever asked their system for less motion. */
  animation?: boolean;
  /** Whether it is a picture, where nobody can scroll a legend. */
  still?: boolean;
}

const OVER_AXES = new Set(["line", "area", "bar", "stacked_bar", "fan", "sparkline", "waterfall", "heatmap"]);

/** The ECharts option of a spec at a size. */
export function compile(spec: ChartSpec, options: Options): Option {
  const data = new Data(spec);
  const theme = THEMES[options.theme ?? "light"];
  const frame: Frame = { spec, data, theme, width: options.width, height: options.height, locale: spec.locale ?? "en-US", still: options.still ?? false };
  const drawn = OVER_AXES.has(spec.chart) ? axes(frame) : whole(frame);
  return {
    animation: options.animation ?? false,
    animationDuration: 220,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, color: theme.ink, fontSize: 12 },
    ...drawn,
  };
}
