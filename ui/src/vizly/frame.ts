/** What every part of the compiler is given, and the words they share. */
import { told } from "./format";
import type { Data } from "./data";
import { measureText, shortened } from "./measure";
import type { ChartSpec, Column } from "./spec";
import type { Theme } from "./theme";

/** The room of " … 12 more". */
const NOTE = 70;

export type Option = Record<string, unknown>;

/** A series of an option. */
export interface Series extends Option {
  name: string;
  data: unknown[];
}

/** Begins the name of a series that is drawn and not spoken of. */
export const HIDDEN = "\u200b";

export interface Frame {
  spec: ChartSpec;
  data: Data;
  theme: Theme;
  width: number;
  height: number;
  locale: string;
  /** Whether nobody can scroll or point: a picture. */
  still: boolean;
}

/** Text cut to what fits. */
export function cut(text: string, most: number): string {
  return shortened(text, most);
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

/** A legend below and the height it takes: in rows where all fit or nobody can scroll, else one row that scrolls. */
export function legend(frame: Frame, names: string[]): { option: Option; height: number } {
  if (names.length < 2 || frame.height < 150) return { option: { show: false }, height: 0 };
  const [short, most] = [frame.width < 500 ? 18 : 28, frame.height < 260 ? 1 : 3];
  const { rows, fit } = packed(names.map((name) => measureText(cut(name, short)).width + 28), frame.width - 16);
  const flat = rows <= 1 || frame.still;
  const shown = flat ? names.slice(0, fit[Math.min(rows, most) - 1] ?? names.length) : names;
  const last = shown[shown.length - 1];
  const more = names.length - shown.length;
  const option = {
    type: flat ? "plain" : "scroll",
    bottom: 0,
    left: 0,
    right: 0,
    data: shown,
    icon: "roundRect",
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 14,
    pageIconColor: frame.theme.soft,
    pageIconInactiveColor: frame.theme.line,
    pageTextStyle: { color: frame.theme.soft },
    textStyle: { color: frame.theme.soft, fontSize: 12 },
    formatter: (name: string) => cut(name, short) + (more && name === last ? ` … ${more} more` : ""),
  };
  return { option, height: flat ? 10 + 22 * Math.min(rows, most) : 32 };
}

/** How many rows items of these widths take, and how many items fit in the first, the first two … with a note of what is left. */
function packed(widths: number[], room: number): { rows: number; fit: number[] } {
  const fit: number[] = [];
  let [rows, used] = [1, 0];
  widths.forEach((width, at) => {
    if (used && used + width > room) {
      fit.push(Math.max(1, at - (used + NOTE > room ? 1 : 0)));
      [rows, used] = [rows + 1, 0];
    }
    used += width;
  });
  return { rows, fit: [...fit, widths.length] };
}

function plain(value: number): string {
  const text = String(value);
  return /e/i.test(text) ? value.toFixed(12) : text;
}
