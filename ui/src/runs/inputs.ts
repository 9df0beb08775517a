/** Inputs of steps in forms. */
import { Problem, type Fault } from "../app/api";
import type { Schema } from "../app/schema";
import type { Body } from "../app/specs";

/** Inputs of a step as it takes them: whole numbers and numbers are numbers there, while forms hold text. */
export function numbers(inputs: Body, schema: Schema): Body {
  const turned = Object.entries(inputs).map(([name, value]) => {
    const type = schema.properties?.[name]?.type;
    const number = (type === "integer" || type === "number") && typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
    return [name, number ? Number(value) : value];
  });
  return Object.fromEntries(turned);
}

/** What is wrong with the inputs that are sent, by their place in the step's form; none when it went well. What else went wrong is thrown on. */
export async function faultsOf(work: () => Promise<unknown>): Promise<Fault[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof Problem) || !error.faults.some((one) => one.pointer.startsWith("/inputs/"))) throw error;
    return error.faults.map((one) => ({ ...one, pointer: one.pointer.replace(/^\/inputs/, "") }));
  }
}
