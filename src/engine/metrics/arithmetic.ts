/**
 * Arithmetic in text, computed without running anything: numbers with thousands commas, `+ - * / ^`,
 * `//` as Python's, `%` after a number, brackets. Of bounded length and depth. Pure.
 */

export type Computed =
  | { readonly value: number }
  /** In words: what is wrong with the expression. */
  | { readonly problem: string };

const LONGEST = 1000;
const DEEPEST = 64;

/** What is written for the operators in texts. */
const LOOKALIKES: readonly [RegExp, string][] = [
  [/[×·∗]|(?<=[\d)]\s*)x(?=\s*[\d(])/g, '*'],
  [/[÷∕]/g, '/'],
  [/[−–]/g, '-'],
  [/\*\*/g, '^'],
  [/[$€£]/g, ''],
];

class Unreadable extends Error {}

export function compute(expression: string): Computed {
  if (expression.length > LONGEST) return { problem: `longer than ${LONGEST} characters` };
  const text = LOOKALIKES.reduce((t, [of, to]) => t.replace(of, to), expression);
  try {
    const value = new Parser(text).whole();
    return Number.isFinite(value) ? { value } : { problem: 'the result is not a finite number' };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

/** Sums of products of powers of signed numbers or brackets. */
class Parser {
  #at = 0;
  #depth = 0;

  constructor(private readonly text: string) {}

  whole(): number {
    const value = this.#sum();
    this.#skipSpace();
    if (this.#at < this.text.length) this.#refuse(`"${this.text[this.#at]}" cannot stand there`);
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#takes('+')) value += this.#product();
      else if (this.#takes('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#signed();
    for (;;) {
      if (this.#takes('*')) value *= this.#signed();
      else if (this.#takes('/')) {
        const rounds = this.#takes('/');
        const divisor = this.#signed();
        if (divisor === 0) this.#refuse('it divides by zero');
        value = rounds ? Math.floor(value / divisor) : value / divisor;
      } else return value;
    }
  }

  #signed(): number {
    if (++this.#depth > DEEPEST) this.#refuse(`it nests more than ${DEEPEST} levels deep`);
    try {
      if (this.#takes('-')) return -this.#signed();
      if (this.#takes('+')) return this.#signed();
      const base = this.#percent();
      return this.#takes('^') ? base ** this.#signed() : base;
    } finally {
      this.#depth--;
    }
  }

  #percent(): number {
    let value = this.#atom();
    while (this.#takes('%')) value /= 100;
    return value;
  }

  #atom(): number {
    if (this.#takes('(')) {
      const value = this.#sum();
      if (!this.#takes(')')) this.#refuse('a bracket is not closed');
      return value;
    }
    this.#skipSpace();
    const number = /^(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d*)?|^\.\d+/.exec(this.text.slice(this.#at)); // prettier-ignore
    if (!number) {
      const next = this.text[this.#at];
      return this.#refuse(next === undefined ? 'it ends too early' : `"${next}" is no number`);
    }
    this.#at += number[0].length;
    return Number(number[0].replaceAll(',', ''));
  }

  #takes(operator: string): boolean {
    this.#skipSpace();
    if (this.text[this.#at] !== operator) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at++;
  }

  #refuse(why: string): never {
    throw new Unreadable(why);
  }
}

/** As a person would write it: at most 12 digits that count, no exponent below 10²¹. */
export function numberText(value: number): string {
  const rounded = Number(value.toPrecision(12));
  if (Math.abs(rounded) >= 1e-6 || rounded === 0) return String(rounded);
  return rounded.toFixed(18).replace(/0+$/, '').replace(/\.$/, '');
}
