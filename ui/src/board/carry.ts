/** A handle that is carried by mouse or finger: where it is, in pixels of the page since it was taken; the page follows at its edges. */
const EDGE = 64; // pixels from the window's edge where the page begins to follow
const FASTEST = 14; // pixels a frame

export interface Carrying {
  moved: (dx: number, dy: number) => void;
  /** `back` when the browser took the pointer away: nothing is to be kept. */
  ended: (back: boolean) => void;
}

/** Follow a pointer from its pointerdown on. */
export function carry(event: PointerEvent, { moved, ended }: Carrying): void {
  const handle = event.currentTarget as HTMLElement;
  const [left, top] = [event.clientX, event.clientY + window.scrollY];
  let [x, y] = [event.clientX, event.clientY];
  let frame = 0;
  const over = new AbortController();
  const mine = (work: (own: PointerEvent) => void) => (own: PointerEvent) => { if (own.pointerId === event.pointerId) work(own); };
  const tell = () => moved(x - left, y + window.scrollY - top);

  function follow() {
    frame = 0;
    const beyond = y < EDGE ? y - EDGE : y > window.innerHeight - EDGE ? y - window.innerHeight + EDGE : 0;
    if (!beyond) return;
    window.scrollBy(0, Math.sign(beyond) * Math.min(FASTEST, Math.abs(beyond) / 3));
    tell();
    frame = requestAnimationFrame(follow);
  }

  function end(back: boolean) {
    over.abort();
    cancelAnimationFrame(frame);
    ended(back);
  }

  handle.setPointerCapture(event.pointerId);
  const listen = { signal: over.signal };
  handle.addEventListener("pointermove", mine((own) => {
    [x, y] = [own.clientX, own.clientY];
    tell();
    frame ||= requestAnimationFrame(follow);
  }), listen);
  handle.addEventListener("pointerup", mine(() => end(false)), listen);
  handle.addEventListener("pointercancel", mine(() => end(true)), listen);
}
