/** The colours of charts, light and dark: the names of the product's tokens, with the same values. */
export type ThemeName = "light" | "dark";

export interface Theme {
  ink: string;
  soft: string;
  line: string;
  card: string;
  accent: string;
  good: string;
  bad: string;
  warn: string;
  grey: string;
  palette: readonly string[];
  ramp: readonly [string, string];
}

export const FONT = "Arimo, Arial, Helvetica, sans-serif";

/** Told apart by people who see colours otherwise: hues after Okabe and Ito and after Tol, of alternating lightness. */
const LIGHT = ["#0072b2", "#e69f00", "#117733", "#cc79a7", "#56b4e9", "#d55e00", "#332288", "#44aa99", "#882255", "#999933", "#aa4499", "#6699cc"] as const;
const DARK = ["#4aa3dd", "#e8ab32", "#4db074", "#dd94bd", "#86cbf2", "#ee8650", "#9488e8", "#62c9b8", "#cf6b9b", "#c3c356", "#cd7ac9", "#96b8e4"] as const;

export const THEMES: Record<ThemeName, Theme> = {
  light: { ink: "#1b1f24", soft: "#56606b", line: "#d5dbe1", card: "#ffffff", accent: "#0b6e6a", good: "#12663a", bad: "#a4262c", warn: "#8a4b00", grey: "#9aa3ac", palette: LIGHT, ramp: ["#e8f3f2", "#0b6e6a"] },
  dark: { ink: "#e6edf3", soft: "#a3adb8", line: "#343c46", card: "#151b23", accent: "#4cc2b8", good: "#6fd08f", bad: "#ff8f8a", warn: "#f0b267", grey: "#6b7580", palette: DARK, ramp: ["#12302e", "#4cc2b8"] },
};
