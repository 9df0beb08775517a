/** VizlyChart in a page of its own: draws the spec of each picture over it, so that one can point at its marks. */
import { draw } from "./index";
import "./rare";
import type { ChartSpec } from "./spec";
import type { ThemeName } from "./theme";

for (const told of document.querySelectorAll<HTMLScriptElement>("script[data-vizly]")) {
  const picture = told.parentElement?.querySelector<HTMLElement>("[role=img]");
  if (!picture) continue;
  const spec = JSON.parse(told.textContent ?? "") as ChartSpec;
  const [width, height] = [Number(told.dataset.width), Number(told.dataset.height)];
  const title = document.createElement("div");
  title.textContent = spec.title ?? "";
  title.style.cssText = "font-size:15px;font-weight:700;padding:4px;height:22px;overflow:hidden";
  const ground = document.createElement("div");
  ground.style.cssText = `width:${width}px;height:${spec.title ? height - 30 : height}px`;
  picture.replaceChildren(...(spec.title ? [title] : []), ground);
  draw(ground, spec, { theme: (told.dataset.theme as ThemeName | undefined) ?? "light" });
}
