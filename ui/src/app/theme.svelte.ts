/** Light or dark: as the system has it, unless chosen. */
export type Choice = "system" | "light" | "dark";
const KEY = "finopsmetrics-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

class Theme {
  choice = $state<Choice>(read());
  dark = $state(system.matches);
  name = $derived<"light" | "dark">(this.choice === "system" ? (this.dark ? "dark" : "light") : this.choice);

  /** Choose, and keep the choice on this device. */
  choose(choice: Choice): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // a browser that keeps nothing forgets the choice with the page
    }
    applyTheme();
  }
}

function read(): Choice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export const theme = new Theme();

/** Write the choice where the stylesheet reads it. */
export function applyTheme(): void {
  if (theme.choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.choice;
}

system.addEventListener("change", (event) => (theme.dark = event.matches));
