/** What the fields of one form share. */
import { getContext, setContext } from "svelte";
import type { Schema } from "../../app/schema";

export interface Form {
  id: string;
  root: Schema;
  fixed: ReadonlySet<string>;
  /** What is wrong at a place, if something is. */
  fault(pointer: string): string | undefined;
  /** Whether something is wrong at a place or below it. */
  faulty(pointer: string): boolean;
}

const KEY = Symbol("form");
export const offer = (form: Form): Form => setContext(KEY, form);
export const form = (): Form => getContext<Form>(KEY);
export type Holder = Record<string | number, unknown>;
