/** Charts of bars: lying bars by value, and steps that add up. */
import { colourOf, patternOf } from "./colours";
import { short } from "./format";
import { cut, figure, HIDDEN, tooltip, type Frame, type Option, type Series } from "./frame";
import { measureText } from "./measure";

/** Bars lie, so that names can be read; as they come, from the top. What has no room is counted. */
export function bars(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const column = data.column(spec.y?.[0]);
  const all = data.rows.map((row, at) => ({ name: data.text(row, spec.x), value: data.number(row, spec.y?.[0]), link: spec.links?.[at] ?? null }));
  const rows = all.slice(0, Math.max(3, Math.floor((frame.height - 30) / 17)));
  const names = rows.map((row) => row.name);
  const more = all.length - rows.length;
  const room = Math.max(8, Math.floor(frame.width / 18));
  const values = rows.map((row) => row.value ?? 0);
  const labels = Math.max(0, ...values.map((value) => measureText(short(value, column, locale)).width)) + 12;
  const text = data.column(spec.x)?.type === "text";
  return {
    grid: { left: 8, right: labels, top: 4, bottom: 4, containLabel: true },
    tooltip: tooltip(frame, { trigger: "item", formatter: (one: { name: string; value: unknown }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)}` }),
    xAxis: {
      type: "value", splitNumber: frame.width < 500 ? 2 : 4,
      axisLabel: { color: theme.soft, hideOverlap: true, formatter: (number: number) => short(number, column, locale) },
      splitLine: { lineStyle: { color: theme.line, opacity: 0.7 } },
      ...(more ? { name: `… ${more} more`, nameLocation: "start", nameGap: 12, nameTextStyle: { color: theme.soft, verticalAlign: "top", padding: [8, 12, 0, 0] } } : {}),
    },
    yAxis: {
      type: "category", inverse: true, data: names, axisTick: { show: false }, axisLine: { onZero: true, lineStyle: { color: theme.line } },
      axisLabel: { color: theme.ink, interval: 0, formatter: (name: string) => cut(name, room) },
    },
    series: [
      {
        type: "bar", name: column?.label || "Cost", barMaxWidth: 22,
        data: rows.map((row, at) => {
          const decal = text ? patternOf(names, at, theme) : null;
          return {
            value: row.value, link: row.link,
            itemStyle: { color: text ? colourOf(row.name, theme) : theme.accent, borderRadius: 2, ...(decal ? { decal } : {}) },
          };
        }),
        label: { show: true, position: "right", color: theme.soft, formatter: (one: { value: number }) => short(Number(one.value), column, locale) },
      },
    ],
  };
}

/** Steps between totals. A step over zero has a part above and a part below, each on an unseen base. */
export function waterfall(frame: Frame): { names: string[]; series: Series[] } {
  const { data, spec, theme, locale } = frame;
  const totals = new Set(spec.totals ?? []);
  const column = data.column(spec.y?.[0]);
  const [up, down] = spec.rising === "good" ? [theme.good, theme.bad] : spec.rising === "neutral" ? [theme.palette[0]!, theme.palette[1]!] : [theme.bad, theme.good];
  const labelled = frame.width / Math.max(1, data.rows.length) > 54;
  let sum = 0;
  const parts: Record<"under" | "above" | "over" | "below", unknown[]> = { under: [], above: [], over: [], below: [] };
  for (const row of data.rows) {
    const value = data.number(row, spec.y?.[0]) ?? 0;
    const total = totals.has(data.text(row, spec.x));
    const [from, to] = total ? [0, value] : [sum, sum + value];
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    sum = to;
    const arrow = total ? (value < 0 ? "−" : "") : value > 0 ? "▲ " : value < 0 ? "▼ " : "";
    const label = (show: boolean) => ({ show: labelled && show, position: "top", color: theme.soft, formatter: `${arrow}${short(Math.abs(value), column, locale)}` });
    const itemStyle = { color: total ? theme.accent : value >= 0 ? up : down };
    const [under, over] = [Math.max(low, 0), Math.min(high, 0)];
    parts.under.push(under);
    parts.above.push({ value: Math.max(high, 0) - under, told: value, itemStyle, label: label(high > 0 || low >= 0) });
    parts.over.push(over);
    parts.below.push({ value: Math.min(low, 0) - over, itemStyle, label: label(high <= 0 && low < 0) });
  }
  const unseen = (name: string, values: unknown[]): Series => ({ name: HIDDEN + name, type: "bar", stack: "steps", silent: true, itemStyle: { color: "transparent" }, data: values });
  const seen = (name: string, values: unknown[]): Series => ({ name, type: "bar", stack: "steps", barMaxWidth: 56, data: values });
  return { names: [], series: [unseen("under", parts.under), seen(column?.label || "Change", parts.above), unseen("over", parts.over), seen(`${HIDDEN}below`, parts.below)] };
}
