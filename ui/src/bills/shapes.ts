/** What a reconciliation tells, as `finopsmetrics reconcile` prints it. Amounts are exact decimal text. */
export interface Invoice {
  issuer: string;
  invoice: string | null;
  period: string;
  currency: string;
  rows: number;
  charges: string;
  figure: string | null;
  figure_from: string;
  residual: string | null;
  status: string;
}

export interface Commitment {
  commitment: string;
  kind: string;
  currency: string;
  purchased: string;
  used: string;
  unused: string;
  residual: string;
  ends: string | null;
  status: string;
}

export interface ClosedChange {
  delivery: string;
  source: string;
  period: string;
  closed_by: string;
  differences: Record<string, string>;
}

/** Decimal text without zeros that say nothing, at least to the cent: residuals are shown whole. */
export function exact(amount: string | null | undefined, currency: string): string {
  if (amount === null || amount === undefined) return "—";
  const [whole = "0", part = ""] = amount.split(".");
  const kept = part.replace(/0+$/, "").padEnd(2, "0");
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",").replace("-", "−")}.${kept} ${currency}`;
}
