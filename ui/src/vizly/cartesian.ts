/** Charts over two axes. */
import { bars, waterfall } from "./bars";
import { colourOf, patternOf } from "./colours";
import { day, short, tick } from "./format";
import { cut, figure, HIDDEN, legend, tooltip, type Frame, type Option, type Series } from "./frame";

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
  const { option: shown, height } = legend(frame, names);
  const across = category(frame);
  const room = frame.height - height - (across.axisLabel.rotate ? (frame.height < 220 ? 66 : 90) : 44); // what stands under and over the lines of the grid
  return {
    grid: { left: 8, right: 16, top: spec.markers?.length ? 28 : 14, bottom: height || 4, containLabel: true },
    legend: spec.chart === "fan" ? { ...shown, icon: undefined, itemWidth: 22 } : shown,
    tooltip: tooltip(frame, {
      trigger: "axis",
      axisPointer: { type: spec.chart === "stacked_bar" || spec.chart === "waterfall" ? "shadow" : "line", lineStyle: { color: theme.soft }, shadowStyle: { color: theme.line, opacity: 0.35 } },
      formatter: (given: unknown) => spoken(frame, given),
    }),
    xAxis: across,
    yAxis: {
      type: "value",
      splitNumber: Math.min(4, Math.max(1, Math.floor(room / 36))),
      axisLabel: { color: theme.soft, formatter: (number: number) => short(number, value, locale) },
      splitLine: { lineStyle: { color: theme.line, opacity: 0.7 } },
    },
  };
}

function category(frame: Frame): Option & { axisLabel: Option & { rotate: number } } {
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
      formatter: (text: string) => (time ? tick(text, monthly, frame.locale) : cut(text, frame.height < 220 ? 12 : 22)),
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
    const decal = spec.series ? patternOf(names, at, theme) : null;
    const own = bar
      ? { type: "bar", stack: "all", barMaxWidth: 48, itemStyle: { color: colour, borderColor: theme.card, borderWidth: values.length > 60 ? 0 : 0.5, ...(decal ? { decal } : {}) } }
      : {
          type: "line",
          showSymbol: values.length === 1,
          symbolSize: 5,
          connectNulls: false,
          lineStyle: { width: spec.chart === "area" && spec.series ? 1 : 2, color: colour, ...(decal ? { type: "dashed" } : at === 1 && !spec.series ? { type: "dashed" } : {}) },
          itemStyle: { color: colour, ...(decal ? { decal } : {}) },
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
  const line = (name: string, more: Option): Series => ({ name: label(name), type: "line", data: places(frame, name), symbol: "none", itemStyle: { color: theme.accent }, lineStyle: { color: theme.accent, width: 2, ...more } });
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
  const across = data.values(x);
  const down = data.values(series).sort((one, two) => Number(one === "(other)") - Number(two === "(other)"));
  const cells = data.rows.map((row, at) => ({ value: [across.indexOf(data.text(row, x)), down.indexOf(data.text(row, series)), data.number(row, y) ?? "-"], link: spec.links?.[at] ?? null }));
  const drawn = cells.filter((one): one is typeof one & { value: [number, number, number] } => typeof one.value[2] === "number");
  // What was summed as (other) would leave every value of its own pale: the scale ends at the greatest of these.
  const own = drawn.filter((one) => down[one.value[1]] !== "(other)").map((one) => one.value[2]);
  const all = drawn.map((one) => one.value[2]);
  const [least, most] = [Math.min(0, ...own), Math.max(1e-9, ...(own.length ? own : all))];
  const beyond = Math.max(...all, most) > most ? "≥ " : "";
  const room = Math.max(8, Math.floor(frame.width / 26));
  const time = data.column(spec.x)?.type === "time";
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 32, containLabel: true },
    tooltip: tooltip(frame, {
      formatter: (one: { value: [number, number, number] }) => `${cut(down[one.value[1]] ?? "", 50)}\n${time ? day(across[one.value[0]] ?? "") : cut(across[one.value[0]] ?? "", 50)}: ${figure(one.value[2], column, locale)}`,
    }),
    xAxis: { ...category(frame), boundaryGap: true },
    yAxis: { type: "category", inverse: true, data: down, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } }, axisLabel: { color: theme.ink, formatter: (text: string) => cut(text, room) } },
    visualMap: { min: least, max: most, orient: "horizontal", left: "center", bottom: 0, itemHeight: 90, itemWidth: 10, text: [beyond + short(most, column, locale), short(least, column, locale)], textStyle: { color: theme.soft }, inRange: { color: [...theme.ramp] } },
    series: [{ type: "heatmap", name: column?.label || "Cost", data: cells, itemStyle: { borderColor: theme.card, borderWidth: 1 } }],
  };
}
