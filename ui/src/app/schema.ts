/** JSON Schema as a form reads it: which field suits a part, and what its text means. */
export interface Schema {
  type?: string | string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  additionalProperties?: boolean | Schema;
  patternProperties?: Record<string, Schema>;
  discriminator?: { propertyName: string };
  title?: string;
  description?: string;
  default?: unknown;
  format?: string;
  maxLength?: number;
}

export type Variant = { label: string; schema: Schema };
export type Shape =
  | { sort: "text"; input: "text" | "number" | "date" | "long" }
  | { sort: "choice"; values: string[] }
  | { sort: "flag" }
  | { sort: "free" }
  | { sort: "list"; item: Schema }
  | { sort: "fields"; schema: Schema }
  | { sort: "map"; value: Schema | null }
  | { sort: "variants"; tag: string | null; options: Variant[] }
  | { sort: "raw" };

const SCALAR = new Set(["string", "number", "integer", "boolean"]);
const LONG = 2_000;

/** A part without its reference. */
export function resolved(schema: Schema, root: Schema): Schema {
  return schema.$ref ? { ...root.$defs?.[schema.$ref.split("/").pop()!], ...(schema.description ? { description: schema.description } : {}) } : schema;
}

/** Which field suits a part of a schema. */
export function shapeOf(given: Schema, root: Schema): Shape {
  const schema = resolved(given, root);
  if (schema.enum) return { sort: "choice", values: schema.enum.map(String) };
  if (schema.const !== undefined) return { sort: "choice", values: [String(schema.const)] };
  const union = schema.oneOf ?? schema.anyOf;
  if (union) return shapeOfUnion(union.filter((one) => one.type !== "null"), schema, root);
  if (Array.isArray(schema.type)) return { sort: "free" };
  if (schema.type === "boolean") return { sort: "flag" };
  if (schema.type === "number" || schema.type === "integer") return { sort: "text", input: "number" };
  if (schema.type === "string") return { sort: "text", input: schema.format === "date" ? "date" : (schema.maxLength ?? 0) >= LONG ? "long" : "text" };
  if (schema.type === "array") return schema.items && !schema.prefixItems ? { sort: "list", item: schema.items } : { sort: "raw" };
  if (schema.properties) return { sort: "fields", schema };
  if (schema.type === "object") return { sort: "map", value: valueOf(schema) };
  return { sort: "free" };
}

function shapeOfUnion(options: Schema[], schema: Schema, root: Schema): Shape {
  const full = options.map((one) => resolved(one, root));
  if (options.length === 1) return shapeOf(options[0]!, root);
  const tag = schema.discriminator?.propertyName ?? null;
  if (tag) return { sort: "variants", tag, options: full.map((one) => ({ label: String(one.properties?.[tag]?.const ?? one.title), schema: one })) };
  const list = full.find((one) => one.type === "array" && one.items);
  if (full.some((one) => Array.isArray(one.type))) return { sort: "free" };
  if (list && full.length === 2) return { sort: "list", item: list.items! };
  if (full.every((one) => one.const !== undefined || SCALAR.has(String(one.type)))) return { sort: "text", input: full.some((one) => one.type === "number") ? "number" : "text" };
  return { sort: "variants", tag: null, options: full.map((one, at) => ({ label: one.title ?? words(String(one.type ?? `Form ${at + 1}`)), schema: one })) };
}

function valueOf(schema: Schema): Schema | null {
  const [pattern] = Object.values(schema.patternProperties ?? {});
  if (pattern) return pattern;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : null;
}

/** What a new value of a part begins as; undefined where nothing stands until somebody writes. */
export function blank(given: Schema, root: Schema): unknown {
  const schema = resolved(given, root);
  const shape = shapeOf(schema, root);
  if (shape.sort === "list") return [];
  if (shape.sort === "map") return {};
  if (shape.sort === "flag") return false;
  if (shape.sort === "choice") return shape.values[0];
  if (shape.sort === "fields") return blankFields(shape.schema, root);
  if (shape.sort === "variants") return blank(shape.options[0]!.schema, root);
  return "";
}

function blankFields(schema: Schema, root: Schema): Record<string, unknown> {
  const needed = new Set(schema.required ?? []);
  return Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name, part]) => needed.has(name) || part.const !== undefined)
      .map(([name, part]) => [name, blank(part, root)]),
  );
}

/** A value with lists where one thing may stand for a list of one, so that fields can be put on it. */
export function prepared(value: unknown, given: Schema, root: Schema): unknown {
  const shape = shapeOf(given, root);
  if (value === undefined || value === null) return value;
  if (shape.sort === "list") return (Array.isArray(value) ? value : [value]).map((one) => prepared(one, shape.item, root));
  if (shape.sort === "fields" && typeof value === "object") {
    const parts = shape.schema.properties ?? {};
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, parts[name] ? prepared(one, parts[name], root) : one]));
  }
  return value;
}

/** Which of several forms a value has. */
export function variantOf(value: unknown, tag: string | null, options: Variant[], root: Schema): number {
  if (value === null || typeof value !== "object") return options.findIndex((one) => SCALAR.has(String(one.schema.type)));
  if (tag) return options.findIndex((one) => one.label === (value as Record<string, unknown>)[tag]);
  const keys = Object.keys(value);
  const fits = (one: Variant) => (Array.isArray(value) ? one.schema.type === "array" : keys.every((key) => key in (resolved(one.schema, root).properties ?? {})));
  return options.findIndex(fits);
}

/** Free values as text: a text stands for itself, whatever could be read as something else stands in quotes. */
export function freeText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && freeValue(value) === value ? value : JSON.stringify(value);
}

/** The reverse of `freeText`: numbers, true, false, null, lists and objects as JSON has them, all else as text. */
export function freeValue(text: string): unknown {
  if (!/^\s*(-?\d|true$|false$|null$|[[{"])/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" && String(value) !== text.trim() ? text : value;
  } catch {
    return text;
  }
}

/** A part of a JSON Pointer. */
export function step(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A key as people read it: "budget_monthly" as "Budget monthly". */
export function words(key: string): string {
  const text = key.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
