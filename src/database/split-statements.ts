// What may stand in SQL, longest first: comments and quoted text, in which a semicolon means nothing,
// the semicolon that ends a statement, and whatever else.
const token =
  /(?<comment>--(?=\s|$)[^\n]*|#[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<quoted>'(?:[^'\\]|\\[^]|'')*'?|"(?:[^"\\]|\\[^]|"")*"?|`(?:[^`]|``)*`?)|(?<end>;)|[^]/g;

// Comments that the server reads: `/*! only MySQL runs this */`, `/*+ a hint to the optimizer */`.
const instruction = /^\/\*M?[!+]/;

/**
 * Splits a file of SQL into its statements, in order, without their semicolons and without comments.
 * Semicolons inside strings, quoted names and the three kinds of comments (from `-- ` or `#` to the
 * end of the line, and C's) do not split. Stored programs, which need another delimiter, are not
 * understood.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = '';
  for (const { 0: text, groups } of sql.matchAll(token)) {
    if (groups?.end) {
      statements.push(statement);
      statement = '';
    } else {
      statement += groups?.comment && !instruction.test(text) ? ' ' : text;
    }
  }
  return [...statements, statement].map((each) => each.trim()).filter((each) => each !== '');
}
