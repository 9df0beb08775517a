/** A table as a picture, for print and messages; the page shows the whole table twin. */
import type { Frame, Option } from "./frame";
import { fitted, measureText } from "./measure";
import { tableTwin } from "./table";
import { FONT } from "./theme";

const [LINE, GAP, WIDEST, NARROWEST] = [20, 18, 260, 70];

/** The first rows and columns, as many as fit; figures are never cut, and what is left out is counted. */
export function sheet(frame: Frame): Option {
  const { spec, theme, width, height } = frame;
  const twin = tableTwin(spec);
  const fits = Math.max(1, Math.floor((height - 34) / LINE));
  const rows = twin.rows.length > fits ? twin.rows.slice(0, Math.max(1, fits - 1)) : twin.rows;
  const widths = broad(twin.columns, rows, width - 16);
  const spare = Math.max(0, width - 16 - widths.reduce((all, one) => all + one + GAP, -GAP)) / Math.max(1, widths.length);
  const starts = widths.map((_, at) => 8 + widths.slice(0, at).reduce((all, one) => all + one + GAP + spare, 0));
  const write = (text: string, at: number, y: number, fill: string, weight: number): Option => {
    const right = twin.columns[at]!.align === "right";
    const room = widths[at]! + spare;
    return graphic(fitted(text, room, `${weight} 12px ${FONT}`), right ? starts[at]! + room : starts[at]!, y, fill, weight, right);
  };
  const head = widths.map((_, at) => write(twin.columns[at]!.label, at, 6, theme.soft, 700));
  const body = rows.flatMap((row, line) => widths.map((_, at) => write(row[at] ?? "", at, 30 + line * LINE, theme.ink, 400)));
  const [more, beside] = [twin.rows.length - rows.length, twin.columns.length - widths.length];
  const left = [...(more ? [`${more} more rows`] : []), ...(beside ? [`${beside} more columns`] : [])].join(", ");
  const note = left ? [graphic(`… ${left}`, 8, 30 + rows.length * LINE, theme.soft, 400, false)] : [];
  return { graphic: [...head, ...body, ...note], series: [] };
}

/** The widths of the columns that fit: figures as broad as they are, text cut where it must be. */
function broad(columns: { label: string; align: "left" | "right" }[], rows: string[][], room: number): number[] {
  const natural = columns.map((column, at) => {
    const widest = Math.max(measureText(column.label, "700 12px").width, ...rows.map((row) => measureText(row[at] ?? "", "12px").width));
    return Math.ceil(column.align === "right" ? widest : Math.min(widest, WIDEST)) + 1;
  });
  const least = natural.map((width, at) => (columns[at]!.align === "right" ? width : Math.min(width, NARROWEST)));
  const sum = (widths: number[]) => widths.reduce((all, one) => all + one + GAP, -GAP);
  let count = columns.length;
  while (count > 1 && sum(least.slice(0, count)) > room) count -= 1;
  const shown = natural.slice(0, count);
  const [free, wanted] = [room - sum(least.slice(0, count)), sum(shown) - sum(least.slice(0, count))];
  return wanted <= free ? shown : shown.map((width, at) => least[at]! + ((width - least[at]!) * Math.max(0, free)) / wanted);
}

function graphic(text: string, x: number, y: number, fill: string, weight: number, right: boolean): Option {
  return { type: "text", x, y, silent: true, style: { text, fill, fontFamily: FONT, fontSize: 12, fontWeight: weight, align: right ? "right" : "left" } };
}
