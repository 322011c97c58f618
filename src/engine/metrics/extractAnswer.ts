/**
 * How a final answer is found in what a model wrote, and when two answers are the same: GSM8K's strict
 * and flexible rules as lm-evaluation-harness has them, `### ` markers, or the whole text. Pure.
 */
import type { ExtractedAnswer, Extraction } from '../../protocol/evaluation';

/** What follows the first `#### `, digits, points and commas. */
const STRICT = /#### (-?[0-9.,]+)/;
/** The last thing that looks like a number. */
const FLEXIBLE = /(-?[$0-9.,]{2,})|(-?[0-9]+)/g;
/** Where a model began to write a next problem. */
const NEXT = /Question:|<\/s>|<\|im_end\|>|<\|endoftext\|>/;

export const strictAnswer = (text: string): string | null => STRICT.exec(own(text))?.[1] ?? null;

export const flexibleAnswer = (text: string): string | null =>
  own(text).match(FLEXIBLE)?.at(-1) ?? null;

/** What follows the first `###`, as in `### 72`, on its line; a reasoning stands before it. */
export function splitAtMarker(text: string): { reasoning: string; answer: string | null } {
  const ended = own(text);
  const mark = /#{3,}/.exec(ended);
  if (!mark) return { reasoning: ended.trim(), answer: null };
  const after = ended.slice(mark.index + mark[0].length).trim();
  const answer = after.split('\n', 1)[0]!.trim();
  return { reasoning: ended.slice(0, mark.index).trim(), answer: answer === '' ? null : answer };
}

const own = (text: string): string => text.slice(0, NEXT.exec(text)?.index ?? text.length);

/** Without commas, dollars, what stands before `#### ` and a last point; case does not count. */
export const normalAnswer = (answer: string): string =>
  answer
    .replace(/[\s\S]*#### /g, '')
    .replace(/[,$]/g, '')
    .replace(/\.$/, '')
    .trim()
    .toLowerCase();

export const sameAnswer = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && normalAnswer(a) === normalAnswer(b);

/** The answer of a reference solution. Null where it holds none of the kind. */
export function referenceAnswer(reference: string, extract: Extraction): string | null {
  if (extract === 'text') return reference.trim();
  if (extract === 'marker') return splitAtMarker(reference).answer;
  const marked = strictAnswer(reference) ?? /#{3,}\s*(\S[^\n]*)/.exec(reference)?.[1];
  return marked === undefined ? null : normalAnswer(marked);
}

export interface Extractions {
  /** By the rule of the evaluation itself. */
  readonly exact: ExtractedAnswer;
  readonly strict: ExtractedAnswer | null;
  readonly flexible: ExtractedAnswer | null;
}

export function extractAnswers(
  output: string,
  expected: string | null,
  extract: Extraction,
): Extractions {
  const judged = (answer: string | null): ExtractedAnswer => ({
    answer: answer === null ? null : shown(answer),
    isRight: sameAnswer(answer, expected),
  });
  if (extract === 'gsm8k') {
    const strict = judged(strictAnswer(output));
    return { exact: strict, strict, flexible: judged(flexibleAnswer(output)) };
  }
  const found = extract === 'marker' ? splitAtMarker(output).answer : wholeText(output);
  return { exact: judged(found), strict: null, flexible: null };
}

const wholeText = (output: string): string | null => output.trim() || null;

/** As long as a row has room for. */
const shown = (answer: string): string =>
  answer.length > 200 ? `${answer.slice(0, 199)}…` : answer;

/** Where text goes on after the answer that `extract` takes: GSM8K's own last section does not count. */
export function ranOn(output: string, extract: Extraction): boolean {
  if (extract === 'text') return NEXT.test(output);
  const answer = extract === 'gsm8k' ? STRICT.exec(output) : /#{3,}[ \t]*\S[^\n]*/.exec(output);
  if (!answer) return false;
  const rest = output.slice(answer.index + answer[0].length);
  return rest.replace(/^\s*### Final Answer:\s*\S*/, '').trim() !== '';
}
