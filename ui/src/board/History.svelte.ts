/** A board that is being changed: every step can be undone, and one knows whether it differs from what is kept. */
import { reduce, type Move, type Place } from "./layout";
import { boardOf, specOf, type Board, type DashboardSpec, type Item, type WidgetSpec } from "./spec";

export class History {
  board = $state.raw<Board>()!;
  private past = $state.raw<Board[]>([]);
  private ahead = $state.raw<Board[]>([]);
  private kept = $state.raw("");
  private next = 0;
  private carrying: "no" | "taken" | "moved" = "no";
  canUndo = $derived(this.past.length > 0);
  canRedo = $derived(this.ahead.length > 0);
  dirty = $derived(JSON.stringify(specOf(this.board)) !== this.kept);

  constructor(spec: DashboardSpec, columns: number) {
    this.board = boardOf(spec, columns);
    this.next = this.board.items.length + 1;
    this.kept = JSON.stringify(specOf(this.board));
  }

  /** Move or resize. While something is carried its steps count as one, from where it was taken to where it is put down. */
  move(move: Move): void {
    const places = reduce(this.board.places, move, this.board.columns);
    if (JSON.stringify(places) === JSON.stringify(this.board.places)) return;
    if (this.carrying === "moved") this.board = { ...this.board, places };
    else this.set({ ...this.board, places });
    if (this.carrying === "taken") this.carrying = "moved";
  }

  /** Something is taken up. */
  take(): void {
    this.carrying = "taken";
  }

  /** What was taken up is put down; with `back`, where it was. */
  put({ back = false } = {}): void {
    if (back && this.carrying === "moved") {
      this.undo();
      this.ahead = this.ahead.slice(0, -1);
    }
    this.carrying = "no";
  }

  /** Add a widget where there is room; gives its id. */
  add(widget: WidgetSpec, at: { x: number; y: number; w: number; h: number }): string {
    const id = `w${this.next++}`;
    const items: Item[] = [...this.board.items, { ...widget, id }];
    const places: Place[] = reduce(this.board.places, { kind: "add", place: { id, ...at } }, this.board.columns);
    this.set({ ...this.board, items, places });
    return id;
  }

  remove(id: string): void {
    const places = reduce(this.board.places, { kind: "remove", id }, this.board.columns);
    this.set({ ...this.board, items: this.board.items.filter((one) => one.id !== id), places });
  }

  configure(id: string, changes: Partial<WidgetSpec>): void {
    this.set({ ...this.board, items: this.board.items.map((one) => (one.id === id ? { ...one, ...changes } : one)) });
  }

  change(changes: Partial<DashboardSpec>): void {
    this.set({ ...this.board, spec: { ...this.board.spec, ...changes } });
  }

  undo = (): void => {
    const before = this.past.at(-1);
    if (!before) return;
    this.past = this.past.slice(0, -1);
    this.ahead = [...this.ahead, this.board];
    this.board = before;
  };

  redo = (): void => {
    const after = this.ahead.at(-1);
    if (!after) return;
    this.ahead = this.ahead.slice(0, -1);
    this.past = [...this.past, this.board];
    this.board = after;
  };

  /** What stands now is kept. */
  saved(): void {
    this.kept = JSON.stringify(specOf(this.board));
  }

  private set(board: Board): void {
    this.past = [...this.past.slice(-99), this.board];
    this.ahead = [];
    this.board = board;
  }
}
