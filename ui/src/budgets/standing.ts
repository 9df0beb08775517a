/** A budget's standing in a word, and its days as a chart. */
import type { Shown } from "../app/typed";
import type { ChartSpec } from "../vizly/spec";

/** How a budget stands. */
export function standing(budget: Shown<"BudgetStands">): string {
  if (budget.error) return "cannot be told";
  if (Number(budget.share ?? 0) >= 1 || budget.remaining?.startsWith("-")) return "overspent";
  if (Number(budget.projected_share ?? 0) >= 1) return "will be overspent";
  return budget.reached?.length ? "threshold reached" : "on track";
}

/** What was left at the end of each day, beside an even pace. */
export function burnDown(days: Shown<"BurnDownDay">[], currency: string | null | undefined): ChartSpec {
  return {
    version: 1,
    chart: "line",
    sentence: "What was left at the end of each day, beside what an even pace would have left.",
    columns: [
      { name: "day", label: "Day", type: "time" },
      { name: "remaining", label: "Remaining", type: "money", currency: currency ?? null },
      { name: "even", label: "At an even pace", type: "money", currency: currency ?? null },
    ],
    rows: days.map((day) => [day.day, day.remaining, day.even]),
    x: "day",
    y: ["remaining", "even"],
    rising: "good",
  };
}
