/** A value of a response. An array becomes a list of `item` elements, and null becomes no element. */
export type Xml = string | number | boolean | Date | null | Xml[] | { [name: string]: Xml };

/** Returns a value in the XML format of EC2. */
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
