/**
 * The `<<a=b>>` notes of GSM8K's solutions, each computed again: an arithmetic error is told from one
 * of reasoning, and from a right step on a wrong number. Pure.
 */
import type { ArithmeticCheck } from '../../protocol/evaluation';
import { compute, numberText } from './arithmetic';

const NOTE = /<<([^<>]*)>>/g;

/** In order of the text. A result may be rounded to the decimals that it is written with. */
export function checkArithmetic(text: string): ArithmeticCheck[] {
  const wrongResults: number[] = [];
  return Array.from(text.matchAll(NOTE), ({ 0: whole, 1: note = '', index }) => {
    const found = { note, start: index, end: index + whole.length, expected: null };
    const [stated = '', term = '', ...others] = note.split('=').reverse();
    const [computed, result] = [compute(term), compute(stated)];
    if ('problem' in computed || 'problem' in result)
      return { ...found, problem: 'unreadable', followsError: false };
    const expected = computed.value;
    const isWrong = !agrees(expected, result.value, stated);
    const terms = numbersIn([term, ...others].join(' '));
    const followsError = !isWrong && terms.some(n => wrongResults.includes(n));
    if (isWrong || followsError) wrongResults.push(result.value);
    if (!isWrong) return { ...found, problem: null, followsError };
    return { ...found, problem: 'wrong', expected: numberText(expected), followsError };
  });
}

/** Equal but for binary fractions, or equal when rounded as `written` is. */
function agrees(computed: number, stated: number, written: string): boolean {
  const difference = Math.abs(computed - stated);
  if (difference <= 1e-9 * Math.max(1, Math.abs(computed))) return true;
  const decimals = /\.(\d+)/.exec(written)?.[1]?.length ?? 0;
  return decimals > 0 && difference <= 0.5000001 * 10 ** -decimals;
}

const numbersIn = (text: string): number[] =>
  Array.from(text.matchAll(/\d[\d,]*(?:\.\d+)?|\.\d+/g), ([n]) => Number(n.replaceAll(',', '')));
