/** Something that a page asks for: what came, what went wrong, and whether it is being asked. What was there stays while it is asked anew. */
import { untrack } from "svelte";
import { pending } from "./ready.svelte";

export class Loading<T> {
  value = $state.raw<T | undefined>(undefined);
  error = $state.raw<unknown>(undefined);
  busy = $state(true);
  private again = $state(0);

  /** Call in a component's script: asks now, and whenever what `work` reads of the page's state changes. */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      void this.again;
      const stop = new AbortController();
      const done = pending.begin();
      const asked = work(stop.signal);
      untrack(() => (this.busy = true));
      asked
        .then((value) => {
          if (stop.signal.aborted) return;
          this.value = value;
          this.error = undefined;
        })
        .catch((error: unknown) => {
          if (!stop.signal.aborted) this.error = error;
        })
        .finally(() => {
          if (!stop.signal.aborted) this.busy = false;
          done();
        });
      return () => {
        stop.abort();
        done();
      };
    });
  }

  /** Ask once more. */
  reload = (): void => {
    this.again += 1;
  };
}
