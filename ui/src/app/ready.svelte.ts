/** Whether all that a page shows is drawn: `data-ready` on the document, for scripts and for print. */
class Pending {
  private count = 0;
  private timer = 0;

  /** Something begins; call what is given back once when it is drawn. */
  begin(): () => void {
    this.count += 1;
    delete document.documentElement.dataset.ready;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.count -= 1;
      this.settle();
    };
  }

  /** Another page begins. */
  restart(): void {
    delete document.documentElement.dataset.ready;
    this.settle();
  }

  /** What was begun is drawn in the next frame; the task after that frame sees it painted, unless more began meanwhile. */
  settle(): void {
    cancelAnimationFrame(this.timer);
    this.timer = requestAnimationFrame(() => {
      setTimeout(() => {
        if (this.count === 0) document.documentElement.dataset.ready = "true";
      });
    });
  }
}

export const pending = new Pending();
