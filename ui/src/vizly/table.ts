/** The table twin of a chart: every figure of the picture as text. */
import { told } from "./format";
import type { ChartSpec } from "./spec";

export interface Twin {
  columns: { label: string; align: "left" | "right" }[];
  rows: string[][];
}

/** The rows of a spec as text, numbers to the right. */
export function tableTwin(spec: ChartSpec): Twin {
  const columns = spec.columns.map((column) => ({
    label: column.label || column.name,
    align: column.type === "money" || column.type === "number" || column.type === "share" ? ("right" as const) : ("left" as const),
  }));
  const locale = spec.locale ?? "en-US";
  return { columns, rows: (spec.rows ?? []).map((row) => row.map((cell, at) => told(cell, spec.columns[at], locale))) };
}
