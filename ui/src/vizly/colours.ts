/** A value's colour: the same in every chart, for it comes from the value's text alone. */
import type { Theme } from "./theme";

/** What people see most, on slots of their own, so that these never meet in one colour. */
const FIXED: ReadonlyMap<string, number> = new Map(
  [
    ["AWS", "Amazon Web Services", "Amazon Elastic Compute Cloud", "AmazonEC2", "Amazon EC2", "Compute"],
    ["Amazon Simple Storage Service", "AmazonS3", "Amazon S3", "Storage", "Oracle", "Oracle Cloud Infrastructure"],
    ["Google Cloud", "GCP", "Google", "Compute Engine", "AI and Machine Learning"],
    ["Amazon Relational Database Service", "AmazonRDS", "Amazon RDS", "Databases", "Databricks"],
    ["Microsoft", "Azure", "Microsoft Azure", "Virtual Machines", "Networking", "Snowflake"],
    ["BigQuery", "Analytics", "AWS Lambda", "AWSLambda", "Datadog"],
    ["Kubernetes", "Containers", "Amazon Elastic Kubernetes Service", "AmazonEKS"],
    ["Amazon CloudFront", "AmazonCloudFront", "Cloud Storage"],
    ["Amazon Bedrock", "AmazonBedrock", "Azure OpenAI"],
    ["AWS Data Transfer", "AWSDataTransfer", "Bandwidth"],
    ["Amazon DynamoDB", "AmazonDynamoDB", "Cloud Run"],
    ["AWS Savings Plans", "ComputeSavingsPlans", "Commitments"],
  ].flatMap((names, slot) => names.map((name): [string, number] => [name, slot])),
);
const GREY = new Set(["(other)", "(none)", "", "untagged", "(untagged)", "(not tagged)"]);

/** How a hue is shaded, so that few values of one chart share a colour: as it is, towards white, towards black. */
const SHADES = [0, 0.38, -0.3] as const;

/** A colour for a value; groups that are no value are grey. */
export function colourOf(value: string, theme: Theme): string {
  if (GREY.has(value.toLowerCase())) return theme.grey;
  const slots = theme.palette.length;
  const slot = FIXED.get(value) ?? hash(value) % (slots * SHADES.length);
  return shaded(theme.palette[slot % slots]!, SHADES[Math.floor(slot / slots)] ?? 0);
}

/** FNV-1a: the same number for the same text, everywhere. */
function hash(value: string): number {
  let found = 0x811c9dc5;
  for (let at = 0; at < value.length; at += 1) found = Math.imul(found ^ value.charCodeAt(at), 0x01000193) >>> 0;
  return found;
}

function shaded(colour: string, by: number): string {
  const towards = by > 0 ? 255 : 0;
  const part = (at: number) => Math.round(channel(colour, at) + (towards - channel(colour, at)) * Math.abs(by));
  return `#${[0, 1, 2].map((at) => part(at).toString(16).padStart(2, "0")).join("")}`;
}

function channel(colour: string, at: number): number {
  return parseInt(colour.slice(1 + at * 2, 3 + at * 2), 16);
}

/** Ink that can be read on a colour: by its relative luminance (WCAG 2). */
export function inkOn(colour: string): string {
  const [red, green, blue] = [0, 1, 2].map((at) => {
    const value = channel(colour, at) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.18 ? "#11151a" : "#ffffff";
}

/** How many of the values before share this value's colour: the second, third … are told apart by a pattern. */
export function decalOf(values: string[], at: number, theme: Theme): number {
  const mine = colourOf(values[at]!, theme);
  return values.slice(0, at).filter((other) => colourOf(other, theme) === mine).length;
}

const DECALS = [
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.7 },
  { symbol: "circle", symbolSize: 0.5 },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: 0.7 },
] as const;

/** The pattern over a value's colour, or null for the first that has the colour. */
export function patternOf(values: string[], at: number, theme: Theme): Record<string, unknown> | null {
  const before = decalOf(values, at, theme);
  return before ? { color: theme.card, ...DECALS[Math.min(before, DECALS.length) - 1]! } : null;
}
