/**
 * YAML text as a flat list of tokens with places, and whether it is too much to parse. Works on any text,
 * broken or half typed; builds no values.
 */
import { CST, Lexer } from 'yaml';

export interface YamlToken {
  /** A kind of the YAML lexer; `text` is the content of a plain or block scalar. */
  readonly kind: Exclude<ReturnType<typeof CST.tokenType>, null> | 'text';
  readonly source: string;
  readonly start: number;
  /** UTF-16 units between the start of its line and the token. */
  readonly column: number;
}

/** What the lexer adds between tokens: a document starts, flow ends too early, a text follows. */
const [DOCUMENT, FLOW_END, TEXT] = ['\x02', '\x18', '\x1f'];

export function* yamlTokens(text: string): Generator<YamlToken> {
  let start = 0;
  let lineStart = 0;
  let isText = false;
  for (const source of new Lexer().lex(text)) {
    if (!isText && (source === DOCUMENT || source === TEXT)) {
      isText = source === TEXT;
      continue;
    }
    if (!isText && source === FLOW_END) {
      yield { kind: 'flow-error-end', source: '', start, column: start - lineStart };
      continue;
    }
    const kind = isText ? 'text' : (CST.tokenType(source) ?? 'text');
    yield { kind, source, start, column: start - lineStart };
    isText = false;
    const newline = source.lastIndexOf('\n');
    if (newline >= 0) lineStart = start + newline + 1;
    start += source.length;
  }
}

export const BLANK: ReadonlySet<YamlToken['kind']> = new Set([
  'space',
  'newline',
  'comment',
  'byte-order-mark',
]);

export interface TextLimits {
  readonly depth: number;
  readonly tokens: number;
}

/** Which limit the text goes over, counted without parsing and no further than the limit. */
export function exceededLimit(text: string, limits: TextLimits): keyof TextLimits | undefined {
  const columns: number[] = [];
  let flow = 0;
  let tokens = 0;
  let startsCollection = true;
  for (const { kind, source, column } of yamlTokens(text)) {
    tokens += kind === 'double-quoted-scalar' ? source.split('\\').length : 1; // with escapes
    if (tokens > limits.tokens) return 'tokens';
    if (kind === 'newline') startsCollection = true;
    if (BLANK.has(kind)) continue;
    if (kind === 'flow-map-start' || kind === 'flow-seq-start') flow++;
    else if (kind === 'flow-error-end') flow = 0;
    else if (kind === 'flow-map-end' || kind === 'flow-seq-end') flow = Math.max(0, flow - 1);
    else if (flow === 0 && startsCollection) {
      while ((columns.at(-1) ?? -1) >= column) columns.pop();
      columns.push(column);
      startsCollection = kind === 'seq-item-ind' || kind === 'explicit-key-ind';
    }
    if (columns.length + flow > limits.depth) return 'depth';
  }
  return undefined;
}
