/** Numbers, money and time as text. What is shown as a figure is cut from decimal text; what stands on an axis may be short. */
import { grouped, rounded } from "./decimal";
import type { Cell, Column } from "./spec";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SIGNS: Record<string, string> = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", CNY: "CN¥", INR: "₹", KRW: "₩", CAD: "CA$", AUD: "A$", BRL: "R$" };

/** What a function says of a locale, asked once for each: asking costs more than all the rest of a figure. */
function once<T>(say: (locale: string) => T): (locale: string) => T {
  const said = new Map<string, T>();
  return (locale) => {
    if (!said.has(locale)) said.set(locale, say(locale));
    return said.get(locale)!;
  };
}

/** The separators of a locale: thousands and decimals. */
export const separators = once((locale: string): { group: string; point: string } => {
  try {
    const parts = new Intl.NumberFormat(locale).formatToParts(1234567.5);
    const of = (type: string, other: string) => parts.find((part) => part.type === type)?.value ?? other;
    return { group: of("group", ","), point: of("decimal", ".") };
  } catch {
    return { group: ",", point: "." };
  }
});

/** Decimal text to some digits, half-even, grouped as the locale groups. */
export function exact(text: string, digits: number, locale: string): string {
  if (!/^[+-]?\d*\.?\d+(e[+-]?\d+)?$/i.test(text)) return text;
  const plain = /e/i.test(text) ? Number(text).toFixed(18) : text;
  const { group, point } = separators(locale);
  return grouped(rounded(plain, digits), group, point);
}

/** A cell as text, exact to the cent for money: "1,234.50 USD". */
export function told(cell: Cell | undefined, column: Column | undefined, locale: string): string {
  if (cell === null || cell === undefined) return "—";
  const text = String(cell);
  if (column?.type === "money") return `${exact(text, digitsOf(text, column.price), locale)} ${column.currency ?? ""}${column.unit ? ` per ${column.unit}` : ""}`.trim();
  if (column?.type === "share") return `${exact(shifted(text), 1, locale)} %`;
  if (column?.type === "number") return `${exact(text, text.includes(".") ? 2 : 0, locale)}${column.unit ? ` ${column.unit}` : ""}`;
  if (column?.type === "time") return day(text);
  return text;
}

/** An axis label: short, with the currency's sign where the locale has it: "$12k", "12k €". */
export function short(value: number, column: Column | undefined, locale: string): string {
  if (column?.type === "share") return `${trimmed(value * 100, locale)} %`;
  const size = Math.abs(value);
  const [by, unit] = size >= 1e9 ? [1e9, "B"] : size >= 1e6 ? [1e6, "M"] : size >= 1e3 ? [1e3, "k"] : [1, ""];
  const number = trimmed(size / by, locale) + unit;
  const sign = value < 0 ? "−" : "";
  if (column?.type !== "money") return sign + number + (column?.unit && column.unit.length <= 4 ? ` ${column.unit}` : "");
  const currency = column.currency ?? "";
  const mark = Object.hasOwn(SIGNS, currency) ? SIGNS[currency] : undefined;
  return mark && !signLast(locale) ? `${sign}${mark}${number}` : `${sign}${number}${currency ? ` ${mark ?? currency}` : ""}`;
}

/** Whether a locale writes a currency's sign after the number: "12k €". */
const signLast = once((locale: string): boolean => {
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: "EUR" }).formatToParts(1)[0]?.type !== "currency";
  } catch {
    return false;
  }
});

/** An ISO date or time, as short as it may be without saying less: the day alone at midnight. */
export function day(text: string): string {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?/.exec(text);
  if (!found) return text;
  const [, year, month, date, hour = "00", minute = "00"] = found;
  return `${year}-${month}-${date}${hour !== "00" || minute !== "00" ? ` ${hour}:${minute}` : ""}`;
}

/** A time on an axis: "Nov 3", or "Nov 2026" where each step is a month or more. */
export function tick(text: string, monthly: boolean, locale: string): string {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?/.exec(text);
  if (!found) return text;
  const [, year, month, date, hour = "00", minute = "00"] = found;
  const time = hour !== "00" || minute !== "00" ? ` ${hour}:${minute}` : "";
  if (!locale.startsWith("en")) return named(text, monthly, locale) + (monthly ? "" : time);
  const name = MONTHS[Number(month) - 1] ?? month;
  return monthly ? `${name} ${year}` : `${name} ${Number(date)}${time}`;
}

function named(text: string, monthly: boolean, locale: string): string {
  const parts = monthly ? ({ month: "short", year: "numeric" } as const) : ({ month: "short", day: "numeric" } as const);
  try {
    return new Intl.DateTimeFormat(locale, { ...parts, timeZone: "UTC" }).format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
  } catch {
    return text.slice(0, monthly ? 7 : 10);
  }
}

/** How many decimals money has: cents, and more where it is less than one; a price of a unit has four digits that count. */
function digitsOf(text: string, price?: boolean): number {
  const size = Math.abs(Number(text));
  if (!size) return 2;
  if (price) return Math.min(10, Math.max(2, 3 - Number(size.toExponential().split("e")[1])));
  return size < 0.01 ? 6 : 2;
}

function shifted(share: string): string {
  return (Number(share) * 100).toFixed(6);
}

function trimmed(value: number, locale: string): string {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  return value.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "").replace(".", separators(locale).point);
}
