/** Charts over two axes. */
import { colourOf, decalOf } from "./colours";
import { day, short, tick } from "./format";
import { cut, figure, legend, tooltip, type Frame, type Option } from "./frame";

interface Series extends Option {
  name: string;
  data: unknown[];
}

/** Begins the name of a series that is drawn and not spoken of. */
const HIDDEN = "\u200b";

const SHADES = [null, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.7 }, { symbol: "circle", symbolSize: 0.5 }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: 0.7 }];

/** The option of a chart over axes. */
export function axes(frame: Frame): Option {
  const { chart } = frame.spec;
  if (chart === "heatmap") return heatmap(frame);
  if (chart === "sparkline") return sparkline(frame);
  if (chart === "bar") return bars(frame);
  const built = chart === "waterfall" ? waterfall(frame) : chart === "fan" ? fan(frame) : stacked(frame);
  return { ...base(frame, built.names), series: built.series };
}

function base(frame: Frame, names: string[]): Option {
  const { data, spec, theme, locale } = frame;
  const value = data.column(spec.y?.[0]);
  const shown = legend(frame, names);
  return {
    grid: { left: 8, right: 16, top: spec.markers?.length ? 28 : 14, bottom: shown.show === false ? 4 : 32, containLabel: true },
    legend: shown,
    tooltip: tooltip(frame, {
      trigger: "axis",
      axisPointer: { type: spec.chart === "stacked_bar" || spec.chart === "waterfall" ? "shadow" : "line", lineStyle: { color: theme.soft }, shadowStyle: { color: theme.line, opacity: 0.35 } },
      formatter: (given: unknown) => spoken(frame, given),
    }),
    xAxis: category(frame),
    yAxis: {
      type: "value",
      splitNumber: frame.height < 220 ? 3 : 4,
      axisLabel: { color: theme.soft, formatter: (number: number) => short(number, value, locale) },
      splitLine: { lineStyle: { color: theme.line, opacity: 0.7 } },
    },
  };
}

function category(frame: Frame): Option {
  const { data, spec, theme } = frame;
  const values = spec.x ? data.values(spec.x) : [];
  const time = data.column(spec.x)?.type === "time";
  const monthly = time && values.length > 1 && values.every((text) => /-01(T00:00|$)/.test(text.slice(0, 16)));
  const room = Math.max(4, Math.floor(frame.width / Math.max(1, values.length) / 7));
  return {
    type: "category",
    data: values,
    boundaryGap: spec.chart === "stacked_bar" || spec.chart === "bar" || spec.chart === "waterfall",
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: false },
    axisLabel: {
      color: theme.soft,
      hideOverlap: true,
      interval: time ? "auto" : values.length > 24 ? "auto" : 0,
      rotate: !time && values.some((text) => text.length > room * 1.4) ? 30 : 0,
      formatter: (text: string) => (time ? tick(text, monthly) : cut(text, time ? 40 : 22)),
    },
  };
}

function spoken(frame: Frame, given: unknown): string {
  const { data, spec, locale } = frame;
  const points = (Array.isArray(given) ? given : [given]) as { seriesName: string; value: unknown; axisValue?: string; data?: { told?: unknown } }[];
  const column = data.column(spec.y?.[0]);
  const at = points[0]?.axisValue ?? "";
  const lines = points
    .filter((one) => one.seriesName && !one.seriesName.startsWith(HIDDEN) && one.value !== null && one.value !== undefined && one.value !== "-")
    .map((one) => ({ name: one.seriesName, value: Number(one.data?.told ?? one.value) }))
    .sort((one, two) => two.value - one.value);
  const head = data.column(spec.x)?.type === "time" ? day(at) : at;
  const shown = lines.slice(0, 14).map((one) => `${cut(one.name, 34)}: ${figure(one.value, column, locale)}`);
  const more = lines.length > 14 ? [`… ${lines.length - 14} more`] : [];
  const total = lines.length > 1 && spec.chart !== "fan" && spec.chart !== "line" ? [`Total: ${figure(lines.reduce((all, one) => all + one.value, 0), column, locale)}`] : [];
  const notes = (spec.markers ?? []).filter((one) => one.at === at).map((one) => `${one.sort === "anomaly" ? "Anomaly" : "Note"}: ${cut(one.text, 80)}`);
  return [head, ...shown, ...more, ...total, ...notes].join("\n");
}

function stacked(frame: Frame): { names: string[]; series: Series[] } {
  const { data, spec, theme } = frame;
  const [x, y] = [spec.x ?? "", spec.y?.[0] ?? ""];
  const several = spec.series
    ? data.series(x, spec.series, y)
    : (spec.y ?? []).map((name) => ({ name: data.column(name)?.label || name, values: places(frame, name) }));
  const names = several.map((one) => one.name);
  const bar = spec.chart === "stacked_bar";
  const single = several.length === 1 && !spec.series;
  const series = several.map(({ name, values }, at): Series => {
    const colour = single ? theme.accent : spec.series ? colourOf(name, theme) : at === 0 ? theme.accent : at === 1 ? theme.grey : theme.palette[at % theme.palette.length]!;
    const decal = spec.series ? SHADES[Math.min(decalOf(names, at, theme), SHADES.length - 1)] : null;
    const own = bar
      ? { type: "bar", stack: "all", barMaxWidth: 48, itemStyle: { color: colour, borderColor: theme.card, borderWidth: values.length > 60 ? 0 : 0.5, ...(decal ? { decal: { color: theme.card, ...decal } } : {}) } }
      : {
          type: "line",
          showSymbol: values.length === 1,
          symbolSize: 5,
          connectNulls: false,
          lineStyle: { width: spec.chart === "area" && spec.series ? 1 : 2, color: colour, ...(decal ? { type: "dashed" } : at === 1 && !spec.series ? { type: "dashed" } : {}) },
          itemStyle: { color: colour },
          ...(spec.chart === "area" ? { stack: spec.series ? "all" : undefined, areaStyle: { color: colour, opacity: spec.series ? 0.78 : 0.16 } } : {}),
        };
    return { name, data: values, emphasis: { focus: "series" }, ...own };
  });
  return { names, series: marked(frame, series) };
}

function places(frame: Frame, name: string): (number | null)[] {
  const { data, spec } = frame;
  const at = new Map(data.values(spec.x ?? "").map((value, place) => [value, place]));
  const found = new Array<number | null>(at.size).fill(null);
  for (const row of data.rows) found[at.get(data.text(row, spec.x))!] = data.number(row, name);
  return found;
}

/** Markers stand as lines over the whole height: an anomaly in the colour of a warning, a note in grey. */
function marked(frame: Frame, series: Series[]): Series[] {
  const { data, spec, theme } = frame;
  const known = new Set(data.values(spec.x ?? ""));
  const markers = (spec.markers ?? []).filter((one) => known.has(one.at));
  if (!markers.length || !series.length) return series;
  const lines = markers.map((one) => {
    const colour = one.sort === "anomaly" ? theme.bad : theme.soft;
    return {
      xAxis: one.at,
      name: one.text,
      lineStyle: { color: colour, type: one.sort === "anomaly" ? "solid" : "dashed", width: 1.5 },
      label: { show: true, position: "end", formatter: one.sort === "anomaly" ? "▲" : "●", color: colour },
    };
  });
  return [{ ...series[0]!, markLine: { symbol: "none", silent: true, animation: false, data: lines } }, ...series.slice(1)];
}

function fan(frame: Frame): { names: string[]; series: Series[] } {
  const { data, spec, theme } = frame;
  const [actual = "", expected = ""] = spec.y ?? [];
  const low = places(frame, spec.low ?? "");
  const high = places(frame, spec.high ?? "");
  const label = (name: string) => data.column(name)?.label || name;
  const line = (name: string, more: Option): Series => ({ name: label(name), type: "line", data: places(frame, name), showSymbol: false, itemStyle: { color: theme.accent }, lineStyle: { color: theme.accent, width: 2, ...more } });
  // Bands are drawn as an unseen base and a height over it; their names begin with a mark by which the tooltip leaves them out.
  const floor: Series = { name: HIDDEN + "low", type: "line", data: low, stack: "band", showSymbol: false, lineStyle: { opacity: 0 }, itemStyle: { opacity: 0 }, silent: true };
  const band: Series = {
    name: HIDDEN + "band", type: "line", stack: "band", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, itemStyle: { color: theme.accent, opacity: 0 }, areaStyle: { color: theme.accent, opacity: 0.18 },
    data: high.map((value, at) => (value === null || low[at] == null ? null : value - low[at])),
  };
  const lines = [line(actual, {}), ...(expected ? [line(expected, { type: "dashed" })] : [])];
  const bounds = [spec.low, spec.high].filter((name): name is string => name != null).map((name): Series => ({
    name: label(name), type: "line", data: places(frame, name), showSymbol: false, lineStyle: { width: 0.75, color: theme.accent, opacity: 0.6 }, itemStyle: { color: theme.accent },
  }));
  return { names: lines.map((one) => one.name), series: marked(frame, [...(spec.low && spec.high ? [floor, band] : []), ...lines, ...bounds]) };
}

function waterfall(frame: Frame): { names: string[]; series: Series[] } {
  const { data, spec, theme, locale } = frame;
  const totals = new Set(spec.totals ?? []);
  const column = data.column(spec.y?.[0]);
  let sum = 0;
  const [base, step]: [(number | string)[], unknown[]] = [[], []];
  const [up, down] = spec.rising === "good" ? [theme.good, theme.bad] : spec.rising === "neutral" ? [theme.palette[0]!, theme.palette[1]!] : [theme.bad, theme.good];
  for (const row of data.rows) {
    const value = data.number(row, spec.y?.[0]) ?? 0;
    const total = totals.has(data.text(row, spec.x));
    const [from, to] = total ? [0, value] : [sum, sum + value];
    sum = to;
    base.push(Math.min(from, to) < 0 && Math.max(from, to) > 0 ? 0 : from >= 0 ? Math.min(from, to) : Math.max(from, to));
    const height = from >= 0 ? Math.abs(to - from) : -Math.abs(to - from);
    const arrow = total ? "" : value > 0 ? "▲ " : value < 0 ? "▼ " : "";
    step.push({
      value: height,
      told: value,
      itemStyle: { color: total ? theme.accent : value >= 0 ? up : down, borderRadius: 2 },
      label: { show: data.rows.length <= 16, position: "top", color: theme.soft, formatter: `${arrow}${short(Math.abs(value), column, locale)}` },
    });
  }
  const unseen: Series = { name: HIDDEN + "base", type: "bar", stack: "steps", silent: true, itemStyle: { color: "transparent" }, data: base };
  return { names: [], series: [unseen, { name: column?.label || "Change", type: "bar", stack: "steps", barMaxWidth: 56, data: step }] };
}

/** Bars lie, so that names can be read; the greatest on top. */
function bars(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const column = data.column(spec.y?.[0]);
  const most = Math.max(3, Math.floor((frame.height - 30) / 20));
  const rows = data.rows.map((row, at) => ({ name: data.text(row, spec.x), value: data.number(row, spec.y?.[0]), link: spec.links?.[at] ?? null })).slice(0, most);
  const room = Math.max(8, Math.floor(frame.width / 18));
  return {
    grid: { left: 8, right: 64, top: 4, bottom: 4, containLabel: true },
    tooltip: tooltip(frame, { trigger: "item", formatter: (one: { name: string; value: unknown }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)}` }),
    xAxis: { type: "value", splitNumber: 3, axisLabel: { color: theme.soft, hideOverlap: true, formatter: (number: number) => short(number, column, locale) }, splitLine: { lineStyle: { color: theme.line, opacity: 0.7 } } },
    yAxis: { type: "category", inverse: true, data: rows.map((row) => row.name), axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } }, axisLabel: { color: theme.ink, formatter: (text: string) => cut(text, room) } },
    series: [
      {
        type: "bar", name: column?.label || "Cost", barMaxWidth: 22,
        data: rows.map((row) => ({ value: row.value, link: row.link, itemStyle: { color: data.column(spec.x)?.type === "text" ? colourOf(row.name, theme) : theme.accent, borderRadius: 2 } })),
        label: { show: true, position: "right", color: theme.soft, formatter: (one: { value: number }) => short(Number(one.value), column, locale) },
      },
    ],
  };
}

function sparkline(frame: Frame): Option {
  const { spec, theme, data } = frame;
  const column = data.column(spec.y?.[0]);
  return {
    grid: { left: 2, right: 2, top: 4, bottom: 2 },
    tooltip: tooltip(frame, { trigger: "axis", formatter: (given: unknown) => spoken(frame, given) }),
    xAxis: { type: "category", show: false, boundaryGap: false, data: data.values(spec.x ?? "") },
    yAxis: { type: "value", show: false, scale: true },
    series: [{ name: column?.label || "Cost", type: "line", data: places(frame, spec.y?.[0] ?? ""), showSymbol: false, lineStyle: { color: theme.accent, width: 1.75 }, itemStyle: { color: theme.accent }, areaStyle: { color: theme.accent, opacity: 0.12 } }],
  };
}

function heatmap(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const [x, series, y] = [spec.x ?? "", spec.series ?? "", spec.y?.[0] ?? ""];
  const column = data.column(y);
  const [across, down] = [data.values(x), data.values(series)];
  const cells = data.rows.map((row, at) => ({ value: [across.indexOf(data.text(row, x)), down.indexOf(data.text(row, series)), data.number(row, y) ?? "-"], link: spec.links?.[at] ?? null }));
  const numbers = cells.map((one) => one.value[2]).filter((one): one is number => typeof one === "number");
  const room = Math.max(8, Math.floor(frame.width / 26));
  const time = data.column(spec.x)?.type === "time";
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 40, containLabel: true },
    tooltip: tooltip(frame, {
      formatter: (one: { value: [number, number, number] }) => `${cut(down[one.value[1]] ?? "", 50)}\n${time ? day(across[one.value[0]] ?? "") : cut(across[one.value[0]] ?? "", 50)}: ${figure(one.value[2], column, locale)}`,
    }),
    xAxis: { ...category(frame), boundaryGap: true },
    yAxis: { type: "category", inverse: true, data: down, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } }, axisLabel: { color: theme.ink, formatter: (text: string) => cut(text, room) } },
    visualMap: { min: Math.min(0, ...numbers), max: Math.max(1e-9, ...numbers), orient: "horizontal", left: "center", bottom: 0, itemHeight: 90, itemWidth: 10, textStyle: { color: theme.soft }, inRange: { color: [...theme.ramp] }, formatter: (number: number) => short(Number(number), column, locale) },
    series: [{ type: "heatmap", name: column?.label || "Cost", data: cells, itemStyle: { borderColor: theme.card, borderWidth: 1 } }],
  };
}
