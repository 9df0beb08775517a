/** A value's colour: the same in every chart, for it comes from the value's text alone. */
import type { Theme } from "./theme";

/** What people see most, on slots of their own, so that these never meet in one colour. */
const FIXED: Record<string, number> = Object.fromEntries(
  [
    ["AWS", "Amazon Web Services", "Amazon Elastic Compute Cloud", "AmazonEC2", "Amazon EC2", "Compute"],
    ["Amazon Simple Storage Service", "AmazonS3", "Amazon S3", "Storage", "Oracle", "Oracle Cloud Infrastructure"],
    ["Google Cloud", "GCP", "Google", "Compute Engine", "AI and Machine Learning"],
    ["Amazon Relational Database Service", "AmazonRDS", "Amazon RDS", "Databases", "Databricks"],
    ["Microsoft", "Azure", "Microsoft Azure", "Virtual Machines", "Networking", "Snowflake"],
    ["BigQuery", "Analytics", "AWS Lambda", "AWSLambda", "Datadog"],
    ["Kubernetes", "Containers", "Amazon Elastic Kubernetes Service", "AmazonEKS"],
  ].flatMap((names, slot) => names.map((name) => [name, slot])),
);
const GREY = new Set(["(other)", "(none)", "", "untagged", "(untagged)", "(not tagged)"]);

/** A colour for a value; groups that are no value are grey. */
export function colourOf(value: string, theme: Theme): string {
  return GREY.has(value.toLowerCase()) ? theme.grey : theme.palette[slotOf(value, theme.palette.length)]!;
}

/** FNV-1a: the same slot for the same text, everywhere. */
function slotOf(value: string, slots: number): number {
  const fixed = FIXED[value];
  if (fixed !== undefined) return fixed;
  let hash = 0x811c9dc5;
  for (let at = 0; at < value.length; at += 1) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193) >>> 0;
  return hash % slots;
}

/** Two values of one chart that share a colour are told apart by a pattern on the second, third … of them. */
export function decalOf(values: string[], at: number, theme: Theme): number {
  const mine = colourOf(values[at]!, theme);
  return values.slice(0, at).filter((other) => colourOf(other, theme) === mine).length;
}
