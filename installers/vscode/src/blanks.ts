// Hovers in plain text: VS Code lets no line break at their blanks, so that words break instead; this mends it.

/**
 * The same text where a line may break between words. `MarkdownString.appendText`, with which the client
 * makes Markdown of plain text, turns every blank into `&nbsp;`. What indents, lines up or would begin a
 * numbered list stays.
 */
export function breakable(markdown: string): string {
  return markdown.replace(/(?<!&nbsp;|^|^\d+[.)])&nbsp;(?!&nbsp;|$)/gm, ' ');
}
