/** Exact decimal text, as text: nothing here passes through a float. */
const DIGITS = 18;

/** Decimal text rounded half-even to some digits, as decimal text. */
export function rounded(text: string, digits: number): string {
  const minus = text.startsWith("-");
  const [whole = "", part = ""] = text.replace(/^[+-]/, "").split(".");
  const kept = BigInt((whole || "0") + part.slice(0, digits).padEnd(digits, "0"));
  const rest = part.slice(digits).replace(/0+$/, "");
  const up = rest === "5" ? kept % 2n === 1n : rest >= "5";
  const all = (up ? kept + 1n : kept).toString().padStart(digits + 1, "0");
  const made = digits ? `${all.slice(0, -digits)}.${all.slice(-digits)}` : all;
  return minus && /[1-9]/.test(made) ? `-${made}` : made;
}

/** Decimal text with its thousands apart and a true minus. */
export function grouped(text: string, group: string, point: string): string {
  const [whole = "0", part] = text.replace("-", "−").split(".");
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, group) + (part === undefined ? "" : point + part);
}

/** Decimal text as a whole number of 10⁻¹⁸. */
export function scaled(amount: string): bigint {
  const minus = amount.startsWith("-");
  const [whole = "0", part = ""] = amount.replace(/^[+-]/, "").split(".");
  const value = BigInt(whole + part.slice(0, DIGITS).padEnd(DIGITS, "0"));
  return minus ? -value : value;
}

/** The reverse of `scaled`. */
export function unscaled(value: bigint): string {
  const text = (value < 0n ? -value : value).toString().padStart(DIGITS + 1, "0");
  return `${value < 0n ? "-" : ""}${text.slice(0, -DIGITS)}.${text.slice(-DIGITS)}`;
}
