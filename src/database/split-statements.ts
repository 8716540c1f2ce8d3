// The tokens of SQL, longest first: comments and quoted text, in which a semicolon has no meaning, the semicolon that
// ends a statement, and any other character.
const TOKEN =
  /(?<comment>--(?=\s|$)[^\n]*|#[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<quoted>'(?:[^'\\]|\\[^]|'')*'?|"(?:[^"\\]|\\[^]|"")*"?|`(?:[^`]|``)*`?)|(?<end>;)|[^]/g;

// The server reads these comments: `/*! only MySQL runs this */`, `/*+ a hint to the optimizer */`.
const INSTRUCTION = /^\/\*M?[!+]/;

/**
 * Returns the statements of an SQL file, in order, without their semicolons and without comments. Semicolons in
 * strings, quoted names and comments (`-- `, `#`, and C comments) do not end a statement. Stored programs, which need
 * another delimiter, are not supported.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = '';
  for (const { 0: text, groups } of sql.matchAll(TOKEN)) {
    if (groups?.end) {
      statements.push(statement);
      statement = '';
    } else {
      statement += groups?.comment && !INSTRUCTION.test(text) ? ' ' : text;
    }
  }
  return [...statements, statement].map((each) => each.trim()).filter((each) => each !== '');
}
