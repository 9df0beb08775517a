/** Amounts, shares and times as people read them. Amounts are decimal text: cut and grouped as text, never through a float. */
const GROUP = /\B(?=(\d{3})+(?!\d))/g;

/** Decimal text rounded half-even to some digits, as decimal text. */
export function rounded(text: string, digits: number): string {
  const minus = text.startsWith("-");
  const [whole = "0", part = ""] = text.replace(/^[+-]/, "").split(".");
  const kept = BigInt(whole + part.slice(0, digits).padEnd(digits, "0"));
  const rest = part.slice(digits).replace(/0+$/, "");
  const half = rest === "5" ? kept % 2n === 1n : rest !== "" && rest >= "5";
  const all = (half ? kept + 1n : kept).toString().padStart(digits + 1, "0");
  const made = digits ? `${all.slice(0, -digits)}.${all.slice(-digits)}` : all;
  return minus && /[1-9]/.test(made) ? `-${made}` : made;
}

/** An amount to the cent with its currency: "1,234.50 USD". */
export function money(amount: string | null | undefined, currency: string | null | undefined = "", digits = 2): string {
  if (amount === null || amount === undefined) return "—";
  const [whole = "0", part] = rounded(amount, digits).split(".");
  const text = whole.replace(GROUP, ",") + (part === undefined ? "" : `.${part}`);
  return `${text.replace("-", "−")}${currency ? ` ${currency}` : ""}`;
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
  return value.toString().replace(GROUP, ",");
}
