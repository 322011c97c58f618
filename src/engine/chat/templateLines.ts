/**
 * The lines of a Jinja template: where its tags begin, and which parsed statement is which tag. The
 * parser keeps no places, so tags are counted in the text and in the syntax tree alike. Pure.
 */
import type { parse, tokenize } from '@huggingface/jinja';

export type Token = ReturnType<typeof tokenize>[number];
export type Program = ReturnType<typeof parse>;
export type Statement = Program['body'][number];

/** What stands in the tree for the tags of a template. */
export interface TaggedStatements {
  /** 1-based. */
  readonly lineOf: ReadonlyMap<Statement, number>;
  /** Those of `{{ … }}`, which print what they come to. */
  readonly printed: ReadonlySet<Statement>;
}

/** Lines on which `{{` and `{%` tags begin, in order; 1-based. Comments have none. */
export function tagLines(source: string): number[] {
  const lines: number[] = [];
  let line = 1;
  let counted = 0;
  for (let at = nextTag(source, 0); at !== -1;) {
    for (; counted < at; counted++) if (source[counted] === '\n') line++;
    const kind = source[at + 1];
    if (kind !== '#' && !isGenerationTag(source, at)) lines.push(line);
    const end =
      kind === '#' ? source.indexOf('#}', at + 2) : endOfTag(source, at + 2, kind === '{');
    at = end === -1 ? -1 : nextTag(source, end + 2);
  }
  return lines;
}

/** The line of the tag that token `index` is in, or follows. */
export function lineOfToken(tokens: readonly Token[], index: number, source: string): number {
  const opened = tokens.slice(0, index + 1).filter(opensTag).length;
  return tagLines(source)[Math.max(0, opened - 1)] ?? 1;
}

const opensTag = ({ type }: Token): boolean =>
  type === 'OpenStatement' || type === 'OpenExpression';

function nextTag(source: string, from: number): number {
  const found = /\{[{%#]/g;
  found.lastIndex = from;
  return found.exec(source)?.index ?? -1;
}

/** A mark for those who train on answers: it is taken out before parsing. */
const isGenerationTag = (source: string, at: number): boolean =>
  /^\{%-?\s*(?:end)?generation\s*-?%\}/.test(source.slice(at, at + 60));

function endOfTag(source: string, from: number, isExpression: boolean): number {
  const end = isExpression ? '}}' : '%}';
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    const letter = source[at];
    if (letter === '"' || letter === "'") at = endOfText(source, at);
    else if (source.startsWith(end, at) && (depth <= 0 || !isExpression)) return at;
    else if (letter === '{') depth++;
    else if (letter === '}') depth--;
  }
  return -1;
}

function endOfText(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === source[from]) return at;
  }
  return source.length;
}

/** Walks the tokens and the tree they were parsed to side by side. */
export function tagStatements(
  tokens: readonly Token[],
  program: Program,
  source: string,
): TaggedStatements {
  const lines = tagLines(source);
  const walk = new Walk(tokens, lines);
  const isInStep = lines.length === tokens.filter(opensTag).length;
  if (isInStep) walk.block(program.body);
  return walk;
}

/** The members of statements that hold others; the library's types have each its own. */
interface Blocks {
  readonly type: string;
  readonly body?: Statement[];
  readonly alternate?: Statement[];
  readonly defaultBlock?: Statement[];
  readonly value?: Statement | null;
}

class Walk implements TaggedStatements {
  readonly lineOf = new Map<Statement, number>();
  readonly printed = new Set<Statement>();
  private at = 0;
  private tag = -1;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly lines: readonly number[],
  ) {}

  block(statements: readonly Statement[]): void {
    for (const statement of statements) this.statement(statement);
  }

  private statement(statement: Statement): void {
    const { type } = this.tokens[this.at] ?? {};
    if (type === 'Text' || type === 'Comment') {
      this.at++;
      return;
    }
    if (type === 'OpenExpression') this.printed.add(statement);
    this.takeTag();
    this.lineOf.set(statement, this.lines[this.tag] ?? 1);
    if (type === 'OpenStatement') this.inside(statement);
  }

  private inside(statement: Statement & Blocks): void {
    switch (statement.type) {
      case 'If':
        return this.conditional(statement);
      case 'For':
        this.block(statement.body ?? []);
        if (this.nextName() === 'else') this.takeTag();
        this.block(statement.defaultBlock ?? []);
        return this.takeTag();
      case 'Set':
        if (statement.value !== null) return;
        this.block(statement.body ?? []);
        return this.takeTag();
      case 'Macro':
      case 'CallStatement':
      case 'FilterStatement':
        this.block(statement.body ?? []);
        return this.takeTag();
    }
  }

  /** `elif` is an `if` inside of `else` that has no end of its own. */
  private conditional({ body = [], alternate = [] }: Blocks, isElif = false): void {
    this.block(body);
    const name = this.nextName();
    if (name === 'elif' || name === 'else') this.takeTag();
    const [inner] = alternate;
    if (name === 'elif' && inner) {
      this.lineOf.set(inner, this.lines[this.tag] ?? 1);
      this.conditional(inner, true);
    } else this.block(alternate);
    if (!isElif) this.takeTag();
  }

  private nextName(): string | undefined {
    return this.tokens[this.at]?.type === 'OpenStatement'
      ? this.tokens[this.at + 1]?.value
      : undefined;
  }

  /** Past the next tag. */
  private takeTag(): void {
    this.tag++;
    const closes = ({ type }: Token) => type === 'CloseStatement' || type === 'CloseExpression';
    while (this.at < this.tokens.length && !closes(this.tokens[this.at]!)) this.at++;
    this.at++;
  }
}
