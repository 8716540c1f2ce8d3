/**
 * Escapes a text for HTML and for quoted attributes, as Jinja does. Nunjucks's own function takes several times as
 * long, 4 ms for 64 KB of quotes, because it calls a function for each character that it escapes.
 */
export function escapeHtml(text: string): string {
  let html = '';
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const escaped = escapeCharacter(text.charAt(index));
    if (escaped === null) continue;
    html += text.slice(start, index) + escaped;
    start = index + 1;
  }
  return html + text.slice(start);
}

function escapeCharacter(character: string): string | null {
  switch (character) {
    case '"':
      return '&#34;';
    case '&':
      return '&amp;';
    case "'":
      return '&#39;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    default:
      return null;
  }
}
