/** Builds SVG text. Every value is escaped; knows nothing of charts. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element with its children, which are SVG text already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join('');
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join('')}</${name}>`;
}

export const text = (content: string, attributes: Attributes): string =>
  element('text', attributes, escape(content));

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also drops the control characters that XML has no place for, not even escaped. */
export function escape(content: string): string {
  return content.replace(/[^\P{Cc}\t\n\r]/gu, '').replace(/[&<>"']/g, sign => ENTITIES[sign]!);
}

/** Collects path commands as the text of a `d` attribute, to a tenth of a pixel. */
export class SvgPath {
  #commands: string[] = [];

  moveTo(x: number, y: number): void {
    this.#commands.push(`M${tenth(x)} ${tenth(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.#commands.push(`L${tenth(x)} ${tenth(y)}`);
  }

  closePath(): void {
    this.#commands.push('Z');
  }

  get isEmpty(): boolean {
    return this.#commands.length === 0;
  }

  toString(): string {
    return this.#commands.join('');
  }
}

const tenth = (value: number): string => String(Math.round(value * 10) / 10);
