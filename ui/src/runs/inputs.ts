/** Inputs of a step as it takes them: whole numbers and numbers are numbers there, while forms hold text. */
import type { Schema } from "../app/schema";
import type { Body } from "../app/specs";

export function numbers(inputs: Body, schema: Schema): Body {
  const turned = Object.entries(inputs).map(([name, value]) => {
    const type = schema.properties?.[name]?.type;
    const number = (type === "integer" || type === "number") && typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
    return [name, number ? Number(value) : value];
  });
  return Object.fromEntries(turned);
}
