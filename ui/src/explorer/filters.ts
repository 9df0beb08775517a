/** Filters as chips: a condition that is a row of simple tests joined by AND can be read apart; any other stays as text. */
export interface Chip {
  text: string;
}

const TEST = /^\s*([A-Za-z_][\w.]*(?:\."(?:[^"\\]|\\.)*")?)\s*(==|!=|IS NOT NULL|IS NULL|CONTAINS|IN|NOT IN|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[-\d.]+%?)?\s*/i;

/** The tests of a condition that are joined by AND; null where it is built otherwise. */
export function chipsOf(condition: string): Chip[] | null {
  let rest = condition.trim();
  const chips: Chip[] = [];
  while (rest) {
    const found = TEST.exec(rest);
    if (!found) return null;
    chips.push({ text: found[0].trim() });
    rest = rest.slice(found[0].length);
    if (!rest) return chips;
    const joined = /^AND\s+/i.exec(rest);
    if (!joined) return null;
    rest = rest.slice(joined[0].length);
    if (!rest) return null;
  }
  return chips;
}

/** A condition with one more test; what was there is kept whole. */
export function and(condition: string, test: string): string {
  const before = condition.trim();
  if (!before) return test;
  const chips = chipsOf(before);
  if (chips?.some((chip) => chip.text === test)) return before;
  return chips ? `${before} AND ${test}` : `(${before}) AND ${test}`;
}

/** The condition without one of its tests. */
export function without(condition: string, place: number): string {
  return (chipsOf(condition) ?? []).filter((_, at) => at !== place).map((chip) => chip.text).join(" AND ");
}

/** The test that a dimension has a value; null is the absence of one. */
export function equals(dimension: string, value: unknown): string {
  const name = nameOf(dimension);
  return value === null || value === undefined ? `${name} IS NULL` : `${name} == ${quoted(String(value))}`;
}

/** Text as the condition language writes it. */
export function quoted(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

/** A dimension as the condition language names it: a tag's key that is no plain word stands in quotes. */
export function nameOf(dimension: string): string {
  const key = dimension.startsWith("tags.") ? dimension.slice(5) : null;
  return key !== null && !/^[A-Za-z_]\w*$/.test(key) && !key.startsWith('"') ? `tags.${quoted(key)}` : dimension;
}
