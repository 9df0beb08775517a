/** Markdown in parts: what a text widget may hold. */
export interface Block {
  kind: "heading" | "list" | "code" | "text";
  lines: string[];
}

export interface Span {
  kind: "plain" | "strong" | "em" | "code" | "link";
  text: string;
  href?: string;
}

/** The blocks of a text: headings, lists, fenced code and paragraphs. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open = null as Block | null;
  let fenced = false;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("```")) {
      fenced = !fenced;
      open = fenced ? { kind: "code", lines: [] } : null;
      if (open) found.push(open);
    } else if (fenced) open!.lines.push(line);
    else if (!line.trim()) open = null;
    else if (/^#{1,6}\s/.test(line)) {
      found.push({ kind: "heading", lines: [line.replace(/^#+\s*/, "")] });
      open = null;
    } else {
      const item = /^\s*[-*]\s+(.*)$/.exec(line);
      const kind = item ? "list" : "text";
      const block: Block = open?.kind === kind ? open : { kind, lines: [] };
      if (block !== open) found.push((open = block));
      block.lines.push(item ? item[1]! : line.trim());
    }
  }
  return found;
}

const SPAN = /\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** The spans of a line; a link leads to a web address or to a path of this server, or is plain text. */
export function spans(line: string): Span[] {
  const found: Span[] = [];
  let from = 0;
  for (const match of line.matchAll(SPAN)) {
    if (match.index > from) found.push({ kind: "plain", text: line.slice(from, match.index) });
    const [whole, strong, em, code, label, href] = match;
    if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else if (em !== undefined) found.push({ kind: "em", text: em });
    else if (code !== undefined) found.push({ kind: "code", text: code });
    else if (/^(https?:\/\/|\/(?![/\\]))/i.test(href!)) found.push({ kind: "link", text: label!, href: href! });
    else found.push({ kind: "plain", text: whole });
    from = match.index + whole.length;
  }
  if (from < line.length) found.push({ kind: "plain", text: line.slice(from) });
  return found;
}
