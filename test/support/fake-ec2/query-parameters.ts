/** The parameters of an EC2 request, such as `Filter.1.Name=state&Filter.1.Value.1=running`. */
export class QueryParameters {
  private readonly fields: Map<string, string>;

  constructor(body: string) {
    this.fields = new Map(new URLSearchParams(body));
  }

  /** Returns a value, or an empty string if there is none. */
  get(name: string): string {
    return this.fields.get(name) ?? '';
  }

  /** Returns the values of `name.1`, `name.2` and so on. */
  list(name: string): string[] {
    const values: string[] = [];
    for (let n = 1; this.fields.has(`${name}.${n}`); n += 1) values.push(this.get(`${name}.${n}`));
    return values;
  }

  /** Returns the tags in `Tag.1.Key`, `Tag.1.Value` and so on, whose names have this prefix. */
  tags(prefix = ''): Record<string, string> {
    const tags: Record<string, string> = {};
    for (let n = 1; this.fields.has(`${prefix}Tag.${n}.Key`); n += 1) {
      tags[this.get(`${prefix}Tag.${n}.Key`)] = this.get(`${prefix}Tag.${n}.Value`);
    }
    return tags;
  }

  /** Returns the tags of `TagSpecification` for new resources of a type. */
  tagsFor(resourceType: string): Record<string, string> {
    for (let n = 1; this.fields.has(`TagSpecification.${n}.ResourceType`); n += 1) {
      const prefix = `TagSpecification.${n}.`;
      if (this.get(`${prefix}ResourceType`) === resourceType) return this.tags(prefix);
    }
    return {};
  }

  /** Returns the name and the allowed values of each filter. */
  filters(): [string, string[]][] {
    const filters: [string, string[]][] = [];
    for (let n = 1; this.fields.has(`Filter.${n}.Name`); n += 1) {
      filters.push([this.get(`Filter.${n}.Name`), this.list(`Filter.${n}.Value`)]);
    }
    return filters;
  }
}
