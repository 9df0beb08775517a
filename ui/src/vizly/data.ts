/** A spec's rows as a chart needs them: columns by name, numbers for drawing, series in a steady order. */
import type { Cell, ChartSpec, Column } from "./spec";

export class Data {
  readonly rows: Cell[][];
  private readonly at: Map<string, number>;

  constructor(readonly spec: ChartSpec) {
    this.rows = spec.rows ?? [];
    this.at = new Map(spec.columns.map((column, place) => [column.name, place]));
  }

  column(name: string | null | undefined): Column | undefined {
    return name == null ? undefined : this.spec.columns[this.at.get(name) ?? -1];
  }

  cell(row: Cell[], name: string | null | undefined): Cell {
    return name == null ? null : (row[this.at.get(name) ?? -1] ?? null);
  }

  number(row: Cell[], name: string | null | undefined): number | null {
    const cell = this.cell(row, name);
    if (cell === null || cell === "") return null;
    const value = Number(cell);
    return Number.isFinite(value) ? value : null;
  }

  text(row: Cell[], name: string | null | undefined): string {
    const cell = this.cell(row, name);
    return cell === null ? "(none)" : String(cell);
  }

  /** The values of a column, once each: times in order, others as they come. */
  values(name: string): string[] {
    const found = [...new Set(this.rows.map((row) => this.text(row, name)))];
    return this.column(name)?.type === "time" ? found.sort() : found;
  }

  /** Series by their sum, the greatest first, what is left over last; each with a number or a gap at each x. */
  series(x: string, series: string, y: string): { name: string; values: (number | null)[] }[] {
    const places = new Map(this.values(x).map((value, at) => [value, at]));
    const found = new Map<string, (number | null)[]>();
    for (const row of this.rows) {
      const name = this.text(row, series);
      if (!found.has(name)) found.set(name, new Array<number | null>(places.size).fill(null));
      const [values, at, value] = [found.get(name)!, places.get(this.text(row, x))!, this.number(row, y)];
      if (value !== null) values[at] = (values[at] ?? 0) + value;
    }
    const sum = (values: (number | null)[]) => values.reduce<number>((all, one) => all + (one ?? 0), 0);
    const last = (name: string) => (name === "(other)" ? 1 : 0);
    return [...found]
      .map(([name, values]) => ({ name, values }))
      .sort((one, two) => last(one.name) - last(two.name) || sum(two.values) - sum(one.values) || one.name.localeCompare(two.name));
  }
}

/** A place where flows meet, by its stage and its name: the same name may stand at two stages. */
export const nodeOf = (stage: number, name: string): string => `${stage} ${name}`;

/** The name of such a place. */
export const nameOf = (node: string): string => node.slice(node.indexOf(" ") + 1);
