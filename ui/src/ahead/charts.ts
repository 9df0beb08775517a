/** Forecasts and what-ifs as charts. */
import type { Shown } from "../app/typed";
import type { ChartSpec } from "../vizly/spec";

type Cells = Record<string, unknown>;
const cell = (value: unknown) => (value === null || value === undefined ? null : String(value));

/** The periods of a whole forecast as a fan: what is expected, and its bounds. */
export function fan(totals: Cells[], currency: string | null): ChartSpec {
  const money = { type: "money" as const, currency };
  return {
    version: 1,
    chart: "fan",
    sentence: "What is expected in each period, and the bounds within which it will lie as surely as was asked for.",
    columns: [
      { name: "start", label: "From", type: "time" },
      { name: "expected", label: "Expected", ...money },
      { name: "lower", label: "Lower bound", ...money },
      { name: "upper", label: "Upper bound", ...money },
    ],
    rows: totals.map((row) => [String(row.start).slice(0, 10), cell(row.expected), cell(row.lower), cell(row.upper)]),
    x: "start",
    y: ["expected"],
    low: "lower",
    high: "upper",
  };
}

/** The steps of a what-if from the baseline to what it comes to. */
export function waterfall(steps: Shown<"ScenarioShown">["steps"], baseline: string, total: string, currency: string | null): ChartSpec {
  const names = steps.map((one, at) => (steps.findIndex((other) => other.name === one.name) === at ? one.name : `${one.name} (${at + 1})`));
  return {
    version: 1,
    chart: "waterfall",
    sentence: "From what comes without the scenario, step by step, to what comes with it.",
    columns: [
      { name: "step", label: "Step", type: "text" },
      { name: "amount", label: "Amount", type: "money", currency },
    ],
    rows: [["Without it", baseline], ...steps.map((one, at): [string, string] => [names[at]!, one.amount]), ["With it", total]],
    x: "step",
    y: ["amount"],
    totals: ["Without it", "With it"],
  };
}
