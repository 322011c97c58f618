/**
 * Renders a chat template as transformers does: Jinja with blocks trimmed, `raise_exception`,
 * `strftime_now`, a `range` that ends. Pure, but the template decides how long it takes: that is why
 * it runs in a thread that can be killed.
 */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { fail, ProblemError } from '../problem';
import { JinjaInterpreter } from './jinjaInterpreter';
import { strftime } from './strftime';
import {
  lineOfToken,
  type Program,
  tagLines,
  type TaggedStatements,
  tagStatements,
  type Token,
} from './templateLines';

export interface RenderRequest {
  readonly template: string;
  /** What the template may name: `messages`, `tools`, `bos_token`, … Plain data. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Unix milliseconds that `strftime_now` tells. */
  readonly now: number;
}

const LONGEST_TEMPLATE = 1 << 18;
const LONGEST_TEXT = 1 << 23;
/** Of Python's sandbox. */
const LONGEST_RANGE = 100_000;

/**
 * @throws `chat.bad-template`, `chat.failed` with the line, `chat.refused` when the template says so,
 *   `chat.too-long`
 */
export function renderTemplate({ template, variables, now }: RenderRequest): string {
  if (template.length > LONGEST_TEMPLATE)
    fail('chat.too-long', `The chat template is longer than ${LONGEST_TEMPLATE} characters.`);
  const { program, tagged } = parseTemplate(template);
  const renderer = new JinjaInterpreter(environmentOf(variables, now), tagged);
  const text = render(renderer, program);
  if (text.length > LONGEST_TEXT)
    fail('chat.too-long', `The chat template makes more than ${LONGEST_TEXT} characters.`);
  return text;
}

function render(renderer: JinjaInterpreter, program: Program): string {
  try {
    return renderer.run(program).value as string;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const line = renderer.lineOf.get(error);
    const where = line === undefined ? {} : { line };
    if (error instanceof Refusal)
      return fail('chat.refused', `The chat template refuses this: ${cut(error.message)}`, where);
    return fail('chat.failed', `${at('The chat template fails', line)}: ${reason(error)}.`, where);
  }
}

const at = (what: string, line: number | undefined): string =>
  line === undefined ? what : `${what} in line ${line}`;

/** Messages may quote the template, and that may be anything. */
const cut = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

function reason(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply, or makes too much';
  return cut(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

interface Parsed {
  readonly program: Program;
  readonly tagged: TaggedStatements;
}

/** The last one: a chat goes on with the same template. */
let known: { source: string; parsed: Parsed } | undefined;

function parseTemplate(source: string): Parsed {
  if (known?.source === source) return known.parsed;
  const tokens = tokensOf(source);
  let furthest = 0;
  const watched = new Proxy(tokens, {
    get(target, key, receiver): unknown {
      const index = typeof key === 'string' ? Number(key) : NaN;
      if (index < target.length) furthest = Math.max(furthest, index);
      return Reflect.get(target, key, receiver);
    },
  });
  try {
    const program = parse(watched);
    const parsed = { program, tagged: tagStatements(tokens, program, source) };
    known = { source, parsed };
    return parsed;
  } catch (error) {
    const hasEnded = error instanceof TypeError; // the parser looks past the last token
    const why = hasEnded
      ? 'a tag or block has no end'
      : reason(error).replace(/^Parser Error: /, '');
    return bad(why, lineOfToken(tokens, furthest, source));
  }
}

const LEXER = { lstrip_blocks: true, trim_blocks: true };

function tokensOf(source: string): Token[] {
  try {
    return tokenize(source, LEXER);
  } catch (error) {
    return bad(reason(error), lineOfLexerError(source, error));
  }
}

const bad = (why: string, line: number): never =>
  fail('chat.bad-template', `The chat template is wrong in line ${line}: ${why}.`, { line });

/** The first line after which the text fails in the same way as all of it. */
function lineOfLexerError(source: string, error: unknown): number {
  const ends = [...source.matchAll(/\n|$/g)].map(({ index }) => index);
  const failsAlike = (line: number) => {
    try {
      tokenize(source.slice(0, ends[line - 1]), LEXER);
      return false;
    } catch (other) {
      return reason(other) === reason(error);
    }
  };
  if (/end of input|end of comment/.test(reason(error))) return tagLines(source).at(-1) ?? 1;
  let before = 0;
  for (let line = ends.length; line - before > 1;) {
    const middle = (before + line) >> 1;
    if (failsAlike(middle)) line = middle;
    else before = middle;
  }
  return before + 1;
}

class Refusal extends Error {}

function environmentOf(variables: Readonly<Record<string, unknown>>, now: number): Environment {
  const environment = new Environment();
  const globals: Record<string, unknown> = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new Refusal(String(message));
    },
    strftime_now: (format: unknown) => strftime(new Date(now), String(format)),
    ...variables,
  };
  for (const [name, value] of Object.entries(globals)) environment.set(name, value);
  return environment;
}

function range(...args: unknown[]): number[] {
  const numbers = args.filter(each => typeof each === 'number');
  const [start, stop, step] =
    numbers.length === 1
      ? [0, numbers[0]!, 1]
      : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1];
  if (step === 0) throw new Error('range() arg 3 must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > LONGEST_RANGE)
    throw new Error(`a range of ${length} numbers is longer than ${LONGEST_RANGE}`);
  return Array.from({ length }, (_, i) => start + i * step);
}
