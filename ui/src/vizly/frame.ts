/** What every part of the compiler is given, and the words they share. */
import { told } from "./format";
import type { Data } from "./data";
import type { ChartSpec, Column } from "./spec";
import type { Theme } from "./theme";

export type Option = Record<string, unknown>;

export interface Frame {
  spec: ChartSpec;
  data: Data;
  theme: Theme;
  width: number;
  height: number;
  locale: string;
}

/** Text cut to what fits. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text;
}

/** The frame around a tooltip: drawn on the canvas as text, so that nothing in it can be markup. */
export function tooltip(frame: Frame, more: Option = {}): Option {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: frame.theme.card,
    borderColor: frame.theme.line,
    padding: 10,
    textStyle: { color: frame.theme.ink, fontSize: 12 },
    ...more,
  };
}

/** A number that was drawn, as the column tells numbers. */
export function figure(value: unknown, column: Column | undefined, locale: string): string {
  if (value === null || value === undefined || value === "-") return "—";
  return told(typeof value === "number" ? plain(value) : String(value), column, locale);
}

/** A legend where there is room for one: below, scrolling, its names cut. */
export function legend(frame: Frame, names: string[]): Option {
  if (names.length < 2 || frame.height < 150) return { show: false };
  return {
    type: "scroll",
    bottom: 0,
    left: 0,
    right: 0,
    data: names,
    icon: "roundRect",
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 14,
    pageIconColor: frame.theme.soft,
    pageIconInactiveColor: frame.theme.line,
    pageTextStyle: { color: frame.theme.soft },
    textStyle: { color: frame.theme.soft, fontSize: 12 },
    formatter: (name: string) => cut(name, 28),
  };
}

function plain(value: number): string {
  const text = String(value);
  return /e/i.test(text) ? value.toFixed(12) : text;
}
