/** Charts of a whole and its parts, and single figures. */
import { colourOf, inkOn, patternOf } from "./colours";
import { nameOf, nodeOf } from "./data";
import { short, told } from "./format";
import { cut, figure, legend, tooltip, type Frame, type Option } from "./frame";
import { fitted, measureText } from "./measure";
import { sheet } from "./sheet";
import { FONT } from "./theme";

/** The option of a chart without axes. */
export function whole(frame: Frame): Option {
  switch (frame.spec.chart) {
    case "treemap": return treemap(frame);
    case "donut": return donut(frame);
    case "sankey": return sankey(frame);
    case "gauge": return gauge(frame);
    case "kpi": return kpi(frame);
    default: return sheet(frame);
  }
}

interface Node {
  name: string;
  value: number;
  link?: string | null;
  itemStyle?: Option;
  label?: Option;
  upperLabel?: Option;
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
      if (!node) level.push((node = { name: text, value: 0, itemStyle: { color: colourOf(data.text(row, spec.path![0]), theme) } }));
      node.value += value;
      if (depth === spec.path!.length - 1) node.link = spec.links?.[at] ?? null;
      else level = node.children ??= [];
    });
  });
  const total = roots.reduce((all, one) => all + one.value, 0);
  // A label needs room; where there is none, pointing at the area and the table twin tell it.
  const inked = (nodes: Node[]): Node[] =>
    nodes.map((node) => {
      const [colour, area] = [String(node.itemStyle!.color), (node.value / total) * frame.width * frame.height];
      return { ...node, label: { show: area > 2600, color: inkOn(colour) }, upperLabel: { show: several && area > 2600 }, ...(node.children ? { children: inked(node.children) } : {}) };
    });
  const several = (spec.path?.length ?? 0) > 1;
  return {
    tooltip: tooltip(frame, { formatter: (one: { name: string; value: number }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)}` }),
    series: [
      {
        type: "treemap", left: 0, right: 0, top: 0, bottom: 0, roam: false, nodeClick: false, breadcrumb: { show: false }, data: inked(roots), levels: [{ upperLabel: { show: false }, itemStyle: { borderWidth: 0, gapWidth: 2 } }],
        label: { show: true, overflow: "truncate", padding: 2, lineHeight: 16, formatter: (one: { name: string; value: number }) => `${one.name}\n${short(one.value, column, locale)}` },
        upperLabel: { show: several, height: 20, color: theme.ink, overflow: "truncate" },
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
    .map((one, at, all) => {
      const decal = patternOf(all.map((each) => each.name), at, theme);
      return { ...one, itemStyle: { color: colourOf(one.name, theme), ...(decal ? { decal } : {}) } };
    });
  const total = parts.reduce((all, one) => all + one.value, 0);
  const names = parts.map((one) => one.name);
  const shares = new Map(parts.map((one) => [one.name, one.value / total]));
  const wide = frame.width > 420;
  const below = legend(frame, names);
  const most = Math.max(2, Math.floor((frame.height - 16) / 24));
  const room = frame.width * 0.44 - 90;
  const beside = {
    ...below.option, type: frame.still ? "plain" : "scroll", data: frame.still ? names.slice(0, most) : names, orient: "vertical", left: "56%", right: 0, top: "middle", bottom: "auto",
    formatter: (one: string) => `${fitted(one, room, `12px ${FONT}`)}   ${told(String(shares.get(one) ?? 0), { name: "share", type: "share" }, locale)}`,
  };
  const [x, y] = [wide ? 0.28 : 0.5, wide ? 0.5 : 0.44];
  const inner = Math.min(frame.width, frame.height) * 0.26;
  const sum = short(total, column, locale);
  const size = Math.min(18, Math.max(10, (18 * inner * 1.7) / Math.max(1, measureText(sum, `700 18px ${FONT}`).width)));
  return {
    tooltip: tooltip(frame, { formatter: (one: { name: string; value: number; percent: number }) => `${cut(one.name, 60)}\n${figure(one.value, column, locale)} (${one.percent} %)` }),
    legend: wide && names.length > 1 ? beside : below.option,
    graphic: [{ type: "text", x: frame.width * x, y: frame.height * y, silent: true, style: { text: sum, fill: theme.ink, fontFamily: FONT, fontSize: size, fontWeight: 700, align: "center", verticalAlign: "middle" } }],
    series: [{ type: "pie", radius: ["52%", "82%"], center: [`${x * 100}%`, `${y * 100}%`], label: { show: false }, data: parts, itemStyle: { borderColor: theme.card, borderWidth: 1 } }],
  };
}

interface Flow { source: string; target: string; value: number; link: string | null }

/** How far each name stands from where the flows begin; null where they go round in a circle. */
function stages(flows: Flow[]): Map<string, number> | null {
  const left = new Map<string, number>();
  for (const { source, target } of new Map(flows.map((one) => [JSON.stringify([one.source, one.target]), one])).values()) {
    left.set(source, left.get(source) ?? 0);
    left.set(target, (left.get(target) ?? 0) + 1);
  }
  const found = new Map<string, number>();
  let open = [...left].filter(([, into]) => into === 0).map(([name]) => name);
  for (let stage = 0; open.length; stage += 1) {
    for (const name of open) found.set(name, stage);
    const reached = new Map(flows.filter((one) => open.includes(one.source)).map((one) => [JSON.stringify([one.source, one.target]), one.target]));
    for (const name of reached.values()) left.set(name, left.get(name)! - 1);
    open = [...new Set(reached.values())].filter((name) => left.get(name) === 0);
  }
  return found.size === left.size ? found : null;
}

function sankey(frame: Frame): Option {
  const { data, spec, theme, locale } = frame;
  const [from = "", to = ""] = spec.path ?? [];
  const column = data.column(spec.y?.[0]);
  const rows = data.rows.map((row, at): Flow => ({ source: data.text(row, from), target: data.text(row, to), value: data.number(row, spec.y?.[0]) ?? 0, link: spec.links?.[at] ?? null })).filter((one) => one.value > 0);
  // What is reached flows on from there. Where that goes round in a circle, each name stands on the side that it is on.
  const reached = stages(rows);
  const stage = (name: string, side: 0 | 1) => reached?.get(name) ?? side;
  const last = Math.max(1, ...(reached?.values() ?? []));
  const sums = Array.from({ length: last + 1 }, () => new Map<string, [number, number]>());
  for (const row of rows) {
    for (const side of [0, 1] as const) {
      const name = side ? row.target : row.source;
      const own = sums[stage(name, side)]!;
      const sum = own.get(name) ?? [0, 0];
      sum[side] += row.value;
      own.set(name, sum);
    }
  }
  const total = Math.max(1e-9, ...sums.map((one) => [...one.values()].reduce((all, sum) => all + Math.max(...sum), 0)));
  const most = Math.max(...sums.map((one) => one.size));
  const gap = Math.min(14, Math.max(1, ((frame.height - 16) * 0.6) / Math.max(1, most - 1)));
  const tall = (value: number) => (value / total) * Math.max(1, frame.height - 16 - gap * (most - 1)) + gap;
  const names = [...sums[last]!.keys()].map((name) => measureText(name).width);
  const right = Math.min(Math.max(0, ...names) + 14, frame.width * 0.36);
  const room = ((frame.width - right) / last) * (last > 1 ? 0.6 : 0.4);
  const nodes = sums.flatMap((own, depth) =>
    [...own].map(([name, sum]) => ({ name: nodeOf(depth, name), depth, itemStyle: { color: colourOf(name, theme) }, label: { show: tall(Math.max(...sum)) >= 12 } })),
  );
  return {
    tooltip: tooltip(frame, {
      formatter: (one: { dataType: string; name: string; value: number; data: { source: string; target: string } }) =>
        `${one.dataType === "edge" ? `${cut(nameOf(one.data.source), 40)} → ${cut(nameOf(one.data.target), 40)}` : cut(nameOf(one.name), 60)}\n${figure(one.value, column, locale)}`,
    }),
    series: [
      {
        type: "sankey", left: 8, right, top: 8, bottom: 8, nodeWidth: 12, nodeGap: gap, draggable: false,
        data: nodes, links: rows.map((row) => ({ source: nodeOf(stage(row.source, 0), row.source), target: nodeOf(stage(row.target, 1), row.target), value: row.value, link: row.link })),
        label: { color: theme.ink, formatter: (one: { name: string }) => fitted(nameOf(one.name), one.name.startsWith(`${last} `) ? right - 12 : room, `12px ${FONT}`) },
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
  const part = target && value !== null && column?.type !== "share" ? `${told(String(value / target), { name: "part", type: "share" }, locale)} ` : "";
  const colour = target !== null && value !== null && spec.rising !== "neutral" && (spec.rising === "good" ? value < target : value > target) ? theme.bad : theme.accent;
  return {
    series: [
      {
        type: "gauge", min: 0, max: most, startAngle: 200, endAngle: -20, center: ["50%", "62%"], radius: "92%", pointer: { show: false }, splitNumber: 1,
        progress: { show: true, width: 14, itemStyle: { color: colour } },
        axisLine: { lineStyle: { width: 14, color: [[1, theme.line]] } },
        axisTick: { show: false }, splitLine: { show: false }, anchor: { show: false },
        axisLabel: { show: frame.width > 420, color: theme.soft, distance: 20, formatter: (number: number) => short(number, column, locale) },
        detail: { offsetCenter: [0, "-8%"], fontSize: 22, fontWeight: 700, color: theme.ink, formatter: () => told(data.cell(row, spec.value), column, locale) },
        title: { offsetCenter: [0, "22%"], color: theme.soft, fontSize: 12 },
        data: [{ value: value ?? 0, name: target === null ? "" : `${part}of ${told(data.cell(row, spec.target), data.column(spec.target), locale)}` }],
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
      { type: "text", left: 4, top: 8, style: { text: told(data.cell(row, spec.value), column, locale), fill: theme.ink, fontFamily: FONT, fontSize: Math.min(30, Math.max(18, width / 12)), fontWeight: 700 } },
      { type: "text", left: 4, top: 48, style: { text: change, fill: good, fontFamily: FONT, fontSize: 13 } },
    ],
    grid: { left: 4, right: 4, top: Math.min(80, height * 0.6), bottom: 4 },
    xAxis: { type: "category", show: false, boundaryGap: false, data: line ? data.values(spec.x!) : [] },
    yAxis: { type: "value", show: false, scale: true },
    series: line ? [{ type: "line", data: data.rows.map((one) => data.number(one, spec.y![0])), showSymbol: false, lineStyle: { color: theme.accent, width: 2 }, areaStyle: { color: theme.accent, opacity: 0.12 } }] : [],
  };
}
