/** Where widgets stand: one reducer for mouse, touch and keyboard. Cells are whole; no two widgets share one; gaps above close up. */
export interface Place {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export const MOST_ROWS = 100;
export const MOST_HEIGHT = 6;

export type Move =
  | { kind: "move"; id: string; x: number; y: number }
  | { kind: "resize"; id: string; w: number; h: number }
  | { kind: "add"; place: Place }
  | { kind: "remove"; id: string };

/** The places after a move: who moves gets its place, the others make room downwards, then all close up. */
export function reduce(places: Place[], move: Move, columns: number): Place[] {
  if (move.kind === "remove") return compact(places.filter((one) => one.id !== move.id));
  if (move.kind === "add") return compact(pushed([...places, fit(move.place, columns)], move.place.id));
  const changed = places.map((one) => {
    if (one.id !== move.id) return one;
    return fit(move.kind === "move" ? { ...one, x: move.x, y: move.y } : { ...one, w: move.w, h: move.h }, columns);
  });
  return compact(pushed(changed, move.id), move.id);
}

/** A place within the grid. */
export function fit(place: Place, columns: number): Place {
  const w = Math.min(Math.max(1, Math.round(place.w)), columns);
  const h = Math.min(Math.max(1, Math.round(place.h)), MOST_HEIGHT);
  const x = Math.min(Math.max(0, Math.round(place.x)), columns - w);
  const y = Math.min(Math.max(0, Math.round(place.y)), MOST_ROWS - h);
  return { ...place, x, y, w, h };
}

/** The first free place of a size, from the top left. */
export function free(places: Place[], w: number, h: number, columns: number): { x: number; y: number } {
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + w <= columns; x += 1) {
      if (!places.some((one) => overlap(one, { id: "", x, y, w, h }))) return { x, y };
    }
  }
}

/** In the order in which they are read: from the top, from the left. */
export function ordered(places: Place[]): Place[] {
  return places.toSorted((one, two) => one.y - two.y || one.x - two.x);
}

function overlap(one: Place, two: Place): boolean {
  return one.x < two.x + two.w && two.x < one.x + one.w && one.y < two.y + two.h && two.y < one.y + one.h;
}

function pushed(places: Place[], fixed: string): Place[] {
  const settled = places.filter((one) => one.id === fixed);
  for (const one of ordered(places.filter((place) => place.id !== fixed))) {
    let place = one;
    for (let hit = settled.find((other) => overlap(other, place)); hit; hit = settled.find((other) => overlap(other, place))) {
      place = { ...place, y: hit.y + hit.h };
    }
    settled.push(place);
  }
  return places.map((one) => settled.find((place) => place.id === one.id)!);
}

function compact(places: Place[], first?: string): Place[] {
  const settled: Place[] = [];
  const order = ordered(places).toSorted((one, two) => one.y - two.y || Number(two.id === first) - Number(one.id === first));
  for (const one of order) {
    let place = one;
    while (place.y > 0 && !settled.some((other) => overlap(other, { ...place, y: place.y - 1 }))) place = { ...place, y: place.y - 1 };
    while (settled.some((other) => overlap(other, place))) place = { ...place, y: place.y + 1 };
    settled.push(place);
  }
  return places.map((one) => settled.find((place) => place.id === one.id)!);
}
