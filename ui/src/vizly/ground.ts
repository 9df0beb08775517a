/** Whether what a chart stands on is light or dark, in whatever notebook: read from the page, and read again when it changes. */
import type { ThemeName } from "./theme";

/** The theme of the first ground under an element that is not transparent; light where there is none. */
export function groundOf(element: Element): ThemeName {
  for (let at: Node | null = element; at; at = at.parentNode ?? (at instanceof ShadowRoot ? at.host : null)) {
    if (!(at instanceof Element)) continue;
    const [red = 0, green = 0, blue = 0, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (alpha > 0.5) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
  }
  const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? "dark" : "light";
}

/** Call when the page may have changed its ground; gives what ends that. */
export function onGround(change: () => void): () => void {
  let late: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    change();
    clearTimeout(late);
    late = setTimeout(change, 400); // a ground that fades is read again at its end
  };
  const seen = new MutationObserver(soon);
  for (const one of [document.documentElement, document.body]) seen.observe(one, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", soon);
  return () => {
    clearTimeout(late);
    seen.disconnect();
    system.removeEventListener("change", soon);
  };
}
