/** Amounts, shares and times as people read them. Amounts are decimal text: cut and grouped as text, never through a float. */
import { grouped, rounded } from "../vizly/decimal";

/** An amount to the cent with its currency: "1,234.50 USD". */
export function money(amount: string | null | undefined, currency: string | null | undefined = "", digits = 2): string {
  if (amount === null || amount === undefined) return "—";
  return `${grouped(rounded(amount, digits), ",", ".")}${currency ? ` ${currency}` : ""}`;
}

/** The change from one amount to another in percent, with its sign; empty where there was nothing before. */
export function change(now: string, before: string | null | undefined): string {
  const was = Number(before ?? 0);
  if (!was) return "";
  const share = ((Number(now) - was) / Math.abs(was)) * 100;
  return `${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(share).toFixed(1)} %`;
}

/** A share such as "0.253" as "25.3 %". */
export function share(text: string | null | undefined): string {
  return text === null || text === undefined ? "—" : `${(Number(text) * 100).toFixed(1)} %`;
}

/** A time as a day and a minute in UTC. */
export function moment(text: string | null | undefined): string {
  return text ? `${text.slice(0, 16).replace("T", " ")} UTC` : "—";
}

/** How long ago a time is. */
export function ago(text: string | null | undefined, now = Date.now()): string {
  if (!text) return "never";
  const minutes = Math.round((now - Date.parse(text.endsWith("Z") || text.includes("+") ? text : `${text}Z`)) / 60_000);
  const told = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(minutes) < 60) return told.format(-minutes, "minute");
  if (Math.abs(minutes) < 48 * 60) return told.format(-Math.round(minutes / 60), "hour");
  return told.format(-Math.round(minutes / 1440), "day");
}

/** A whole number with groups. */
export function count(value: number): string {
  return grouped(value.toString(), ",", ".");
}
