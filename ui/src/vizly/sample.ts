/** The option of a spec as JSON, each formatter as what it makes of sample values: for tests that compare engines. */
import { compile, type Options } from "./compile";
import type { ChartSpec } from "./spec";

export function optionOf(specText: string, optionsText: string): string {
  const option = compile(JSON.parse(specText) as ChartSpec, JSON.parse(optionsText) as Options);
  return JSON.stringify(option, (_, value: unknown) => {
    if (typeof value !== "function") return value;
    return [0, 1234.5, -1_000_000, "2026-11-03", "text"].map((sample) => {
      try {
        return String((value as (given: unknown) => unknown)(sample));
      } catch {
        return "—";
      }
    });
  });
}
