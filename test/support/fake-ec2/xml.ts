/** What an answer is made of; an array becomes AWS's list of `item`s, and null nothing at all. */
export type Xml = string | number | boolean | Date | null | Xml[] | { [name: string]: Xml };

/** Writes an answer as AWS's EC2 does. */
export function toXml(value: Xml): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => `<item>${toXml(item)}</item>`).join('');
  if (typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== null);
    return fields.map(([name, field]) => `<${name}>${toXml(field)}</${name}>`).join('');
  }
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
