/** A dashboard as it is declared, and as it stands on the page. */
import { free, ordered, type Place } from "./layout";

export interface WidgetSpec {
  type: string;
  title?: string | null;
  position?: [number, number] | null;
  size?: [number, number] | null;
  config?: Record<string, unknown>;
}

export interface DashboardSpec {
  name: string;
  title?: string | null;
  description?: string | null;
  role?: string | null;
  layout?: string | null;
  time_range?: string | null;
  filters?: Record<string, unknown> | string | null;
  currency?: string | null;
  refresh?: string | null;
  widgets: WidgetSpec[];
  [field: string]: unknown;
}

export interface Item extends WidgetSpec {
  id: string;
}

export interface Board {
  spec: DashboardSpec;
  items: Item[];
  places: Place[];
  columns: number;
}

/** A declared dashboard on its grid; widgets without a position flow into the first free cells. */
export function boardOf(spec: DashboardSpec, columns: number, ids: string[] = []): Board {
  const name = (at: number) => ids[at] ?? `w${at + 1}`;
  const items = spec.widgets.map((one, at) => ({ ...one, id: name(at) }));
  const places: Place[] = [];
  for (const [at, one] of spec.widgets.entries()) {
    if (one.position) places.push({ id: name(at), x: one.position[0], y: one.position[1], w: one.size?.[0] ?? 1, h: one.size?.[1] ?? 1 });
  }
  for (const [at, one] of spec.widgets.entries()) {
    if (one.position) continue;
    const [w, h] = [Math.min(one.size?.[0] ?? 1, columns), one.size?.[1] ?? 1];
    places.push({ id: name(at), ...free(places, w, h, columns), w, h });
  }
  return { spec, items, places, columns };
}

/** The dashboard to declare: widgets in reading order, with where they stand. */
export function specOf(board: Board): DashboardSpec {
  const widgets = ordered(board.places).map((place) => {
    const { id: _id, ...widget } = board.items.find((one) => one.id === place.id)!;
    return { ...widget, position: [place.x, place.y] as [number, number], size: [place.w, place.h] as [number, number] };
  });
  const rows = Math.max(1, ...board.places.map((place) => place.y + place.h));
  const grid = /^\d+x\d+_grid$/.exec(board.spec.layout ?? "") || !board.spec.layout ? `${board.columns}x${Math.max(rows, 1)}_grid` : board.spec.layout;
  return { ...board.spec, layout: grid, widgets };
}
