/** Charts of a whole and its parts, and single figures. */
import { colourOf } from "./colours";
import { short, told } from "./format";
import { cut, figure, legend, tooltip, type Frame, type Option } from "./frame";
import { tableTwin } from "./table";

/** The option of a chart without axes. */
export function whole(frame: Frame): Option {
  switch (frame.spec.chart) {
    case "treemap": return treemap(frame);
    case "donut": return donut(frame);
    case "sankey": return sankey(frame);
    case "gauge": return gauge(frame);
    case "kpi": return kpi(frame);
    default: return table(frame);
  }
}

interface Node {
  name: string;
  value: number;
  link?: string | null;
  itemStyle?: Option;
  children?: Node[];
}

function treemap(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const column = data.column(spec.y?.[0]);
  const roots: Node[] = [];
  data.rows.forEach((row, at) => {
    const value = data.number(row, spec.y?.[0]);
    if (value === null || value <= 0) return; // a credit has no area; the table twin tells it
    let level = roots;
    (spec.path ?? []).forEach((name, depth) => {
      const text = data.text(row, name);
      let node = level.find((one) => one.name === text);
      if (!node) level.push((node = { name: text, value: 0, ...(depth === 0 ? { itemStyle: { color: colourOf(text, theme) } } : {}) }));
      node.value += value;
      if (depth === spec.path!.length - 1) node.link = spec.links?.[at] ?? null;
      else level = node.children ??= [];
    });
  });
  return {
    tooltip: tooltip(frame, { formatter: (one: { name: string; value: number }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)}` }),
    series: [
      {
        type: "treemap", left: 0, right: 0, top: 0, bottom: 0, roam: false, nodeClick: false, breadcrumb: { show: false }, data: roots,
        label: { show: true, color: "#ffffff", textBorderColor: "rgba(0,0,0,0.55)", textBorderWidth: 2, overflow: "truncate", formatter: (one: { name: string; value: number }) => `${one.name}\n${short(one.value, column, locale)}` },
        upperLabel: { show: (spec.path?.length ?? 0) > 1, height: 20, color: theme.ink, overflow: "truncate" },
        itemStyle: { borderColor: theme.card, borderWidth: 1, gapWidth: 1 },
      },
    ],
  };
}

function donut(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const column = data.column(spec.y?.[0]);
  const name = spec.path?.[0];
  const parts = data.rows
    .map((row, at) => ({ name: data.text(row, name), value: data.number(row, spec.y?.[0]) ?? 0, link: spec.links?.[at] ?? null }))
    .filter((one) => one.value > 0)
    .map((one) => ({ ...one, itemStyle: { color: colourOf(one.name, theme) } }));
  const total = parts.reduce((all, one) => all + one.value, 0);
  const wide = frame.width > 420;
  return {
    tooltip: tooltip(frame, { formatter: (one: { name: string; value: number; percent: number }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)} (${one.percent} %)` }),
    legend: wide ? { ...legend(frame, parts.map((one) => one.name)), orient: "vertical", left: "56%", right: 0, top: "middle", bottom: "auto" } : legend(frame, parts.map((one) => one.name)),
    graphic: [{ type: "text", left: "center", top: "center", silent: true, style: { text: short(total, column, locale), fill: theme.ink, fontSize: 18, fontWeight: 700 }, ...(wide ? { left: "24%" } : {}) }],
    series: [{ type: "pie", radius: ["52%", "82%"], center: [wide ? "28%" : "50%", wide ? "50%" : "44%"], label: { show: false }, data: parts, itemStyle: { borderColor: theme.card, borderWidth: 1 } }],
  };
}

function sankey(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const [from = "", to = ""] = spec.path ?? [];
  const column = data.column(spec.y?.[0]);
  const rows = data.rows.map((row, at) => ({ source: data.text(row, from), target: data.text(row, to), value: data.number(row, spec.y?.[0]) ?? 0, link: spec.links?.[at] ?? null })).filter((one) => one.value > 0);
  // A name that stands on both sides would make a circle: the side is part of a node's name, and not of its label.
  const nodes = new Map<string, Option>();
  for (const row of rows) {
    nodes.set(`0${row.source}`, { name: `0${row.source}`, depth: 0, itemStyle: { color: colourOf(row.source, theme) } });
    nodes.set(`1${row.target}`, { name: `1${row.target}`, depth: 1, itemStyle: { color: colourOf(row.target, theme) } });
  }
  return {
    tooltip: tooltip(frame, {
      formatter: (one: { dataType: string; name: string; value: number; data: { source: string; target: string } }) =>
        `${one.dataType === "edge" ? `${cut(one.data.source.slice(1), 40)} → ${cut(one.data.target.slice(1), 40)}` : cut(one.name.slice(1), 60)}\n${figure(one.value, column, locale)}`,
    }),
    series: [
      {
        type: "sankey", left: 8, right: Math.min(160, frame.width / 4), top: 8, bottom: 8, nodeWidth: 12, nodeGap: 8, draggable: false,
        data: [...nodes.values()], links: rows.map((row) => ({ source: `0${row.source}`, target: `1${row.target}`, value: row.value, link: row.link })),
        label: { color: theme.ink, formatter: (one: { name: string }) => cut(one.name.slice(1), 24) },
        lineStyle: { color: "source", opacity: 0.3 },
      },
    ],
  };
}

function gauge(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const row = data.rows[0] ?? [];
  const column = data.column(spec.value);
  const value = data.number(row, spec.value);
  const target = data.number(row, spec.target);
  const most = Math.max(value ?? 0, target ?? 0, column?.type === "share" ? 1 : 1e-9);
  const colour = target !== null && value !== null && spec.rising !== "neutral" && (spec.rising === "good" ? value < target : value > target) ? theme.bad : theme.accent;
  return {
    series: [
      {
        type: "gauge", min: 0, max: most, startAngle: 200, endAngle: -20, center: ["50%", "62%"], radius: "92%", pointer: { show: false }, splitNumber: 1,
        progress: { show: true, width: 14, itemStyle: { color: colour } },
        axisLine: { lineStyle: { width: 14, color: [[1, theme.line]] } },
        axisTick: { show: false }, splitLine: { show: false }, anchor: { show: false },
        axisLabel: { color: theme.soft, distance: 20, formatter: (number: number) => short(number, column, locale) },
        detail: { offsetCenter: [0, "-8%"], fontSize: 22, fontWeight: 700, color: theme.ink, formatter: () => told(data.cell(row, spec.value), column, locale) },
        title: { offsetCenter: [0, "22%"], color: theme.soft, fontSize: 12 },
        data: [{ value: value ?? 0, name: target === null ? "" : `of ${told(data.cell(row, spec.target), data.column(spec.target), locale)}` }],
      },
    ],
  };
}

/** A figure in text, what it was before, and its line below: for print and messages; the page writes it as text. */
function kpi(frame: Frame): Option {
  const { data, spec, theme, locale, width, height } = frame;
  const row = data.rows[0] ?? [];
  const column = data.column(spec.value);
  const [now, before] = [data.number(row, spec.value), data.number(row, spec.previous)];
  const moved = now !== null && before ? ((now - before) / Math.abs(before)) * 100 : null;
  const good = moved === null || spec.rising === "neutral" ? theme.soft : (moved > 0) === (spec.rising === "good") ? theme.good : theme.bad;
  const change = moved === null ? "" : `${moved > 0 ? "▲ +" : moved < 0 ? "▼ −" : ""}${Math.abs(moved).toFixed(1)} % from ${told(data.cell(row, spec.previous), column, locale)}`;
  const line = spec.x && spec.y?.length && data.rows.length > 1;
  return {
    graphic: [
      { type: "text", left: 4, top: 8, style: { text: told(data.cell(row, spec.value), column, locale), fill: theme.ink, fontSize: Math.min(30, Math.max(18, width / 12)), fontWeight: 700 } },
      { type: "text", left: 4, top: 48, style: { text: change, fill: good, fontSize: 13 } },
    ],
    grid: { left: 4, right: 4, top: Math.min(80, height * 0.6), bottom: 4 },
    xAxis: { type: "category", show: false, boundaryGap: false, data: line ? data.values(spec.x!) : [] },
    yAxis: { type: "value", show: false, scale: true },
    series: line ? [{ type: "line", data: data.rows.map((one) => data.number(one, spec.y![0])), showSymbol: false, lineStyle: { color: theme.accent, width: 2 }, areaStyle: { color: theme.accent, opacity: 0.12 } }] : [],
  };
}

/** The first rows as text, for print and messages; the page shows the whole table twin. */
function table(frame: Frame): Option {
  const { spec, theme, width, height } = frame;
  const twin = tableTwin(spec);
  const columns = twin.columns.slice(0, Math.max(1, Math.floor(width / 90)));
  const fits = Math.max(1, Math.floor((height - 34) / 20));
  const rows = twin.rows.length > fits ? twin.rows.slice(0, fits - 1) : twin.rows;
  const widest = columns.map((column, at) => Math.min(40, Math.max(column.label.length, ...rows.map((row) => row[at]?.length ?? 0), 3)));
  const unit = (width - 16) / widest.reduce((all, one) => all + one, 0);
  const starts = widest.map((_, at) => 8 + unit * widest.slice(0, at).reduce((all, one) => all + one, 0));
  const text = (content: string, at: number, y: number, fill: string, bold = false): Option => {
    const right = columns[at]!.align === "right";
    return { type: "text", x: right ? starts[at]! + unit * widest[at]! - 8 : starts[at]!, y, silent: true, style: { text: cut(content, Math.max(3, Math.floor((unit * widest[at]!) / 6.4))), fill, fontSize: 12, fontWeight: bold ? 700 : 400, align: right ? "right" : "left" } };
  };
  const lines = rows.flatMap((row, line) => columns.map((_, at) => text(row[at] ?? "", at, 30 + line * 20, theme.ink)));
  const more = twin.rows.length - rows.length;
  const rest: Option[] = more > 0 ? [{ type: "text", x: 8, y: 30 + rows.length * 20, style: { text: `… ${more} more rows`, fill: theme.soft, fontSize: 12 } }] : [];
  return { graphic: [...columns.map((column, at) => text(column.label, at, 6, theme.soft, true)), ...lines, ...rest], series: [] };
}

