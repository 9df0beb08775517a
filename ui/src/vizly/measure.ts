/** How broad text is in the font that charts name, where no page can measure it: so every engine lays a chart out alike. */

/** Advance widths of Arimo, in thousandths of the size, from the space to the tilde. */
const REGULAR = "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584".split(" ").map(Number);
const BOLD = "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584".split(" ").map(Number);
const MARKS: Record<string, number> = { "−": 584, "…": 1000, "▲": 990, "▼": 990, "●": 604, "→": 1000, "\u00a0": 278, "\u202f": 200 };

/** The width of text in pixels, in a CSS font such as "700 12px Arimo". */
export function measureText(text: string, font?: string): { width: number } {
  const size = Number(/([\d.]+)px/.exec(font ?? "")?.[1] ?? 12);
  const widths = /\b(bold|[6-9]00)\b/.test(font ?? "") ? BOLD : REGULAR;
  let sum = 0;
  for (const sign of text ?? "") {
    const code = sign.codePointAt(0)!;
    sum += widths[code - 32] ?? MARKS[sign] ?? (code < 0x250 ? 556 : code < 0x1100 ? 620 : 1000);
  }
  return { width: (sum * size) / 1000 };
}

/** An id, whose end tells it from others: ARNs and paths begin alike. */
const ID = /^(?=.*[0-9])(?=.*[:/])[\x21-\x7e]+$/;

/** Text with an ellipsis in place of all but some signs: at its end, and in the midst of an id. */
export function shortened(text: string, most: number): string {
  const signs = [...text];
  if (signs.length <= most) return text;
  const kept = Math.max(1, most - 1);
  if (!ID.test(text) || kept < 8) return `${signs.slice(0, kept).join("").trimEnd()}…`;
  const head = Math.floor(kept / 3);
  return `${text.slice(0, head)}…${text.slice(head - kept)}`;
}

/** Text cut to a width in pixels. */
export function fitted(text: string, width: number, font: string): string {
  if (measureText(text, font).width <= width) return text;
  let most = [...text].length;
  while (most > 2 && measureText(shortened(text, most), font).width > width) most -= 1;
  return shortened(text, most);
}
