/** Something that is done on a click: whether it goes on, and what went wrong. */
export class Doing {
  busy = $state(false);
  error = $state.raw<unknown>(undefined);

  /** Do it, once at a time; gives whether it went well. */
  run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (this.busy) return false;
    this.busy = true;
    this.error = undefined;
    try {
      await work();
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.busy = false;
    }
  };
}
