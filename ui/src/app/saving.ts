/** Give a file to whoever sits at the browser: a blob, or a data URL. */
export function save(name: string, content: Blob | string): void {
  const link = document.createElement("a");
  link.download = name;
  link.href = typeof content === "string" ? content : URL.createObjectURL(content);
  link.click();
  if (typeof content !== "string") setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
