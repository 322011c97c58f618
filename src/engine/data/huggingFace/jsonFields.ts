/**
 * Reads members of an untrusted JSON object by name and kind; what does not fit is a problem that
 * names the key. Knows nothing of what the members mean.
 */
import { fail } from '../../problem';

export class JsonFields {
  private constructor(
    private readonly value: Readonly<Record<string, unknown>>,
    /** As the user would write it: `pre_tokenizer.pretokenizers[0]`. */
    readonly key: string,
    private readonly file: string,
  ) {}

  /** @throws `tokenizer.bad-form` unless it is an object */
  static of(value: unknown, key: string, file: string): JsonFields {
    if (!isObject(value)) refuse(file, key, 'is no object');
    return new JsonFields(value, key, file);
  }

  /** Undefined where it is absent or null. */
  raw(name: string): unknown {
    return Object.hasOwn(this.value, name) ? (this.value[name] ?? undefined) : undefined;
  }

  string(name: string, otherwise?: string): string {
    const value = this.raw(name) ?? otherwise;
    return typeof value === 'string' ? value : this.refuse(name, 'is no text');
  }

  optionalString(name: string): string | undefined {
    return this.raw(name) === undefined ? undefined : this.string(name);
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.raw(name) ?? otherwise;
    return typeof value === 'boolean' ? value : this.refuse(name, 'is neither true nor false');
  }

  /** A whole number of at least 0. */
  count(name: string): number {
    const value = this.raw(name);
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.refuse(name, 'is no whole number');
  }

  list(name: string): unknown[] {
    const value = this.raw(name) ?? [];
    return Array.isArray(value) ? (value as unknown[]) : this.refuse(name, 'is no list');
  }

  objects(name: string): JsonFields[] {
    return this.list(name).map((value, i) =>
      JsonFields.of(value, `${this.keyOf(name)}[${i}]`, this.file),
    );
  }

  optional(name: string): JsonFields | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : JsonFields.of(value, this.keyOf(name), this.file);
  }

  entries(): [string, unknown][] {
    return Object.entries(this.value);
  }

  refuse(name: string, what: string): never {
    return refuse(this.file, this.keyOf(name), what);
  }

  /** @throws `tokenizer.unsupported` */
  unsupported(what: string): never {
    return fail(
      'tokenizer.unsupported',
      `${this.file}: ${what} is not supported, and a guess would give other ids.`,
      { file: this.file, key: this.key },
    );
  }

  private keyOf(name: string): string {
    return this.key === '' ? name : `${this.key}.${name}`;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuse(file: string, key: string, what: string): never {
  return fail('tokenizer.bad-form', `${file}: \`${cut(key)}\` ${what}.`, { file, key: cut(key) });
}

/** Keys come from the file, too. */
const cut = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}…` : key);
