/** VizlyChart as a live widget of a notebook: an anywidget front-end module, which draws what the kernel says. */
import { groundOf, onGround } from "./ground";
import { draw, type Drawing } from "./index";
import { picking } from "./picking";
import "./rare";
import type { Cell, ChartSpec } from "./spec";
import { tableTwin } from "./table";
import { FONT, THEMES, type ThemeName } from "./theme";

export { optionOf } from "./sample";

/** What a notebook gives a widget: its traits, by name. */
interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, call: () => void): void;
  off(event: string, call: () => void): void;
}

const TITLE = 30;

/** Draw the model's chart into an element, and again whenever it changes; gives what ends that. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const parts = built(el);
  let spec = JSON.parse(String(model.get("_spec"))) as ChartSpec;
  let [drawn, theme, ended] = [undefined as Drawing | undefined, undefined as ThemeName | undefined, false];
  let turn = Promise.resolve();

  const wanted = (): ThemeName => (model.get("theme") === "auto" ? groundOf(el.parentElement ?? el) : (model.get("theme") as ThemeName));
  const pick = (row: Cell[] | null) => {
    model.set("selected", row && Object.fromEntries(spec.columns.map((column, at) => [column.name, row[at] ?? null])));
    model.save_changes();
  };
  const paint = async () => {
    if (ended || !parts.ground.clientWidth) return; // a hidden cell has no room; when it has, it is drawn
    const now = wanted();
    if (drawn && now === theme) return drawn.update(spec);
    drawn?.dispose();
    theme = now;
    parts.figure.style.color = THEMES[theme].ink;
    parts.figure.style.background = model.get("theme") === "auto" ? "transparent" : THEMES[theme].card;
    drawn = await draw(parts.ground, spec, { theme, onReady: (chart) => picking(chart, () => spec, pick) });
  };
  const again = () => (turn = turn.then(paint));
  const read = () => {
    spec = JSON.parse(String(model.get("_spec"))) as ChartSpec;
    say();
    again();
  };
  const say = () => {
    parts.title.textContent = spec.title ?? "";
    parts.title.hidden = !spec.title;
    parts.picture.setAttribute("aria-label", spec.sentence || spec.title || "Chart");
    parts.sentence.textContent = spec.sentence ?? "";
    parts.note.textContent = String(model.get("_note") ?? "");
    parts.ground.style.height = `${Number(model.get("height")) - (spec.title ? TITLE : 0)}px`;
    fill(parts.details, spec, pick);
  };
  const dress = () => {
    if (wanted() !== theme) again();
  };

  const calls: [string, () => void][] = [["change:_spec", read], ["change:theme", again], ["change:height", say], ["change:_note", say]];
  for (const [event, call] of calls) model.on(event, call);
  const sized = new ResizeObserver(() => (drawn ? drawn.resize() : again()));
  sized.observe(parts.ground);
  const undress = onGround(dress);
  parts.details.addEventListener("toggle", () => fill(parts.details, spec, pick));
  say();
  again();
  return () => {
    ended = true;
    for (const [event, call] of calls) model.off(event, call);
    sized.disconnect();
    undress();
    void turn.then(() => drawn?.dispose());
  };
}

interface Parts {
  figure: HTMLElement;
  title: HTMLElement;
  picture: HTMLElement;
  ground: HTMLElement;
  sentence: HTMLElement;
  note: HTMLElement;
  details: HTMLDetailsElement;
}

function built(el: HTMLElement): Parts {
  const make = <T extends HTMLElement>(tag: string, style: string): T => {
    const made = document.createElement(tag) as T;
    made.style.cssText = style;
    return made;
  };
  const parts: Parts = {
    figure: make("figure", `margin:0;font-family:${FONT};font-size:13px`),
    title: make("div", `font-size:15px;font-weight:700;padding:4px;height:${TITLE - 8}px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis`),
    picture: make("div", "width:100%"),
    ground: make("div", "width:100%"),
    sentence: make("figcaption", ""),
    note: make("div", "font-style:italic"),
    details: make("details", "max-height:320px;overflow:auto"),
  };
  parts.picture.setAttribute("role", "img");
  parts.note.setAttribute("role", "status");
  const summary = document.createElement("summary");
  summary.textContent = "Table";
  parts.details.append(summary);
  parts.picture.append(parts.ground);
  parts.figure.append(parts.title, parts.picture, parts.sentence, parts.note, parts.details);
  el.append(parts.figure);
  return parts;
}

/** The table twin, made when it is opened: every figure as text, and a row is chosen by a click or by Enter. */
function fill(details: HTMLDetailsElement, spec: ChartSpec, pick: (row: Cell[]) => void): void {
  details.querySelector("table")?.remove();
  if (!details.open) return;
  const twin = tableTwin(spec);
  const table = document.createElement("table");
  table.style.cssText = "border-collapse:collapse;color:inherit";
  const line = (to: HTMLTableSectionElement, texts: string[], tag: "th" | "td") => {
    const row = to.insertRow();
    texts.forEach((text, at) => {
      const cell = document.createElement(tag);
      cell.textContent = text;
      cell.style.cssText = `padding:2px 10px;text-align:${twin.columns[at]!.align};font-variant-numeric:tabular-nums`;
      if (tag === "th") cell.setAttribute("scope", "col");
      row.append(cell);
    });
    return row;
  };
  line(table.createTHead(), twin.columns.map((column) => column.label), "th");
  const body = table.createTBody();
  twin.rows.forEach((texts, at) => {
    const row = line(body, texts, "td");
    row.tabIndex = 0;
    row.style.cursor = "pointer";
    const choose = () => pick(spec.rows![at]!);
    row.addEventListener("click", choose);
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter") choose();
    });
  });
  details.append(table);
}

export default { render };
