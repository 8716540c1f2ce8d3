/** The parameters of a request of EC2's, such as `Filter.1.Name=state&Filter.1.Value.1=running`. */
export class Parameters {
  private readonly fields: Map<string, string>;

  constructor(body: string) {
    this.fields = new Map(new URLSearchParams(body));
  }

  /** One value; empty when there is none. */
  get(name: string): string {
    return this.fields.get(name) ?? '';
  }

  /** The values of `name.1`, `name.2` and so on. */
  list(name: string): string[] {
    const values: string[] = [];
    for (let n = 1; this.fields.has(`${name}.${n}`); n += 1) values.push(this.get(`${name}.${n}`));
    return values;
  }

  /** Those of `Tag.1.Key` and `Tag.1.Value`, and so on, that stand under a prefix. */
  tags(prefix = ''): Record<string, string> {
    const tags: Record<string, string> = {};
    for (let n = 1; this.fields.has(`${prefix}Tag.${n}.Key`); n += 1) {
      tags[this.get(`${prefix}Tag.${n}.Key`)] = this.get(`${prefix}Tag.${n}.Value`);
    }
    return tags;
  }

  /** What a request says that all the things of a kind that it makes are to be tagged with. */
  tagsFor(kind: string): Record<string, string> {
    for (let n = 1; this.fields.has(`TagSpecification.${n}.ResourceType`); n += 1) {
      const prefix = `TagSpecification.${n}.`;
      if (this.get(`${prefix}ResourceType`) === kind) return this.tags(prefix);
    }
    return {};
  }

  /** Names and allowed values. */
  filters(): [string, string[]][] {
    const filters: [string, string[]][] = [];
    for (let n = 1; this.fields.has(`Filter.${n}.Name`); n += 1) {
      filters.push([this.get(`Filter.${n}.Name`), this.list(`Filter.${n}.Value`)]);
    }
    return filters;
  }
}
