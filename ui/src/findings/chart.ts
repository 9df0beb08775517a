/** The days around a finding as a chart, with a marker where it is. */
import type { Shown } from "../app/typed";
import type { ChartSpec } from "../vizly/spec";

const DAY = 86_400_000;
const BEFORE = 28;
const AFTER = 7;

/** The window around a finding as the API takes it, its last day included; null for one that has no time. */
export function around(finding: Shown<"FindingShown">): string | null {
  if (!finding.start) return null;
  const end = Math.min(Date.parse(finding.end ?? finding.start) + AFTER * DAY, Date.now());
  const iso = (time: number) => new Date(time).toISOString().slice(0, 10);
  return `${iso(Date.parse(finding.start) - BEFORE * DAY)}..${iso(Math.max(end, Date.parse(finding.start)))}`;
}

/** Costs of days as a line in one currency, the finding as its marker. */
export function daysOf(rows: { period?: unknown; cost?: unknown; currency?: unknown }[], finding: Shown<"FindingShown">): ChartSpec {
  const day = finding.start!.slice(0, 10);
  return {
    version: 1,
    chart: "line",
    sentence: `Cost of each day around ${day}, of the charges that this is about.`,
    columns: [
      { name: "day", label: "Day", type: "time" },
      { name: "cost", label: "Cost", type: "money", currency: finding.currency ?? null },
    ],
    rows: rows.filter((row) => !finding.currency || row.currency === finding.currency).map((row) => [String(row.period).slice(0, 10), String(row.cost ?? "0")]),
    x: "day",
    y: ["cost"],
    markers: [{ at: day, text: finding.title.slice(0, 400), sort: "anomaly" }],
  };
}
