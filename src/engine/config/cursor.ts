/**
 * Where a cursor stands in a config that is being typed: in which section, and whether at a key or
 * at the value of one. Reads tokens before the cursor only, so broken text is no obstacle.
 */
import type { Range } from './yamlTree';
import { BLANK, yamlTokens } from './yamlTokens';
import type { YamlToken } from './yamlTokens';

export interface Cursor {
  /** Keys from the top level to the section around the cursor. */
  readonly section: readonly string[];
  /** The key whose value stands at the cursor; undefined where a key belongs. */
  readonly key: string | undefined;
  /** What is being typed, around the cursor. */
  readonly word: Range;
  /** Whether the section is written in braces. */
  readonly isFlow: boolean;
}

interface Frame {
  readonly section: readonly string[];
  /** Of the section's keys; undefined inside braces and brackets. */
  readonly column: number | undefined;
  /** Inside brackets: every item is a value of the same key. */
  readonly isList?: boolean;
  /** The last key before the cursor, and the line it is on. */
  key?: string | undefined;
  line?: number;
}

/** @returns undefined inside a comment */
export function cursorAt(text: string, offset: number): Cursor | undefined {
  const trail = new Trail();
  let last: YamlToken | undefined;
  for (const token of yamlTokens(text.slice(0, offset))) {
    if (token.kind === 'map-value-ind' && token.start === offset - 1) break; // `bpe:` being typed
    trail.take(token);
    last = token;
  }
  if (last?.kind === 'comment') return undefined;
  const word = wordAround(text, offset);
  const column = word[0] - (text.lastIndexOf('\n', word[0] - 1) + 1);
  return { ...trail.end(column), word };
}

function wordAround(text: string, offset: number): Range {
  const before = /[\w.:/-]*$/.exec(text.slice(Math.max(0, offset - 200), offset))?.[0] ?? '';
  const after = /^[\w./-]*/.exec(text.slice(offset, offset + 200))?.[0] ?? '';
  return [offset - before.length, offset + after.length];
}

/** Follows keys, indentation and brackets from the start of the text. */
class Trail {
  private readonly frames: Frame[] = [{ section: [], column: 0 }];
  private scalar: YamlToken | undefined;
  private isItem = false;
  private line = 0;

  private get top(): Frame {
    return this.frames.at(-1) ?? { section: [], column: 0 };
  }

  take(token: YamlToken): void {
    const { kind, source, column } = token;
    this.line += source.split('\n').length - 1;
    if (kind === 'newline') this.isItem = false;
    if (BLANK.has(kind)) return;
    switch (kind) {
      case 'text':
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
        this.scalar = token;
        return;
      case 'map-value-ind':
        this.takeKey();
        break;
      case 'seq-item-ind':
        this.isItem = true;
        this.leave(column);
        break;
      case 'flow-map-start':
        this.frames.push({ section: this.inside(), column: undefined });
        break;
      case 'flow-seq-start':
        this.frames.push({ ...this.top, column: undefined, isList: true });
        break;
      case 'flow-error-end':
        while (this.top.column === undefined) this.frames.pop();
        break;
      case 'flow-map-end':
      case 'flow-seq-end':
        if (this.top.column === undefined) this.frames.pop();
        break;
      case 'comma':
        if (!this.top.isList) this.top.key = undefined;
        break;
      default:
    }
    this.scalar = undefined;
  }

  /** The position on the last line, where a word starts in `column`. */
  end(column: number): Omit<Cursor, 'word'> {
    if (this.top.column === undefined) {
      return { section: this.top.section, key: this.top.key, isFlow: true };
    }
    const isValue = this.isItem || (this.top.key !== undefined && this.top.line === this.line);
    if (isValue) return { section: this.top.section, key: this.top.key, isFlow: false };
    this.leave(column);
    const isDeeper = column > (this.top.column ?? 0);
    const section = isDeeper ? this.inside() : this.top.section;
    return { section, key: undefined, isFlow: false };
  }

  private takeKey(): void {
    if (!this.scalar) return;
    const { source, column } = this.scalar;
    if (this.top.column !== undefined) {
      this.leave(column);
      if (column > this.top.column) this.frames.push({ section: this.inside(), column });
    }
    this.top.key = source.replace(/^(["'])(.*)\1$/s, '$2');
    this.top.line = this.line;
  }

  /** Leaves the sections whose keys stand further right than `column`. */
  private leave(column: number): void {
    while (this.frames.length > 1 && (this.top.column ?? -1) > column) this.frames.pop();
  }

  private inside(): string[] {
    return [...this.top.section, ...(this.top.key === undefined ? [] : [this.top.key])];
  }
}
