/**
 * Arithmetic word problems in GSM8K's form, made from a seed: the data of the demo. Few kinds of
 * problem, short sentences and small numbers, so that a small model learns them in minutes; names,
 * things and numbers vary, so that held-out problems are new to it. Knows nothing of models.
 */
import { join } from 'node:path';
import type { FileSystem } from '../files/fileSystem';
import { writeTextDurably } from '../files/writeDurably';
import { below, randomStream } from '../tensor/random';
import type { RandomStream } from '../tensor/random';
import type { Gsm8kProblem } from './gsm8k';

export interface DemoSizes {
  seed: number;
  train: number;
  validation: number;
}

/** What the demo trains on, wherever it is started from. */
export const DEMO_SIZES: DemoSizes = { seed: 1337, train: 20000, validation: 400 };

/** Far fewer than there are, so that a new question is always found soon. */
export const MOST_DEMO_PROBLEMS = 100_000;

/**
 * `count` problems, no two with the same question. The first ones do not depend on `count`.
 * @throws RangeError beyond `MOST_DEMO_PROBLEMS`
 */
export function makeDemoProblems(seed: number, count: number): Gsm8kProblem[] {
  if (!(count >= 0 && count <= MOST_DEMO_PROBLEMS))
    throw new RangeError(`${count} demo problems asked for; there are ${MOST_DEMO_PROBLEMS}`);
  const next = randomStream(seed, 'data');
  const problems = new Map<string, Gsm8kProblem>();
  while (problems.size < count) {
    const problem = pick(next, KINDS)(new Draw(next));
    if (!problems.has(problem.question)) problems.set(problem.question, problem);
  }
  return [...problems.values()];
}

/** Writes `train.jsonl` and `validation.jsonl` into `folder`; no question is in both. */
export function writeDemo(fs: FileSystem, folder: string, sizes: DemoSizes): void {
  const problems = makeDemoProblems(sizes.seed, sizes.train + sizes.validation);
  const write = (name: string, part: Gsm8kProblem[]) =>
    writeTextDurably(fs, join(folder, name), part.map(p => `${JSON.stringify(p)}\n`).join(''));
  write('train.jsonl', problems.slice(0, sizes.train));
  write('validation.jsonl', problems.slice(sizes.train));
}

class Draw {
  readonly name: string;
  readonly friend: string;
  readonly things: string;

  constructor(private readonly next: RandomStream) {
    [this.name, this.friend] = this.two(NAMES);
    this.things = this.one(THINGS);
  }

  one(words: readonly string[]): string {
    return pick(this.next, words);
  }

  two(words: readonly string[]): [string, string] {
    const first = this.one(words);
    return [first, this.one(words.filter(word => word !== first))];
  }

  number(from: number, to: number): number {
    return from + below(this.next, to - from + 1);
  }
}

const pick = <T>(next: RandomStream, from: readonly T[]): T => from[below(next, from.length)] as T;

const OPERATIONS = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
};

interface Calculation {
  readonly a: number;
  readonly b: number;
  readonly result: number;
  /** As GSM8K notes it: `4*6 = <<4*6=24>>24`. */
  readonly note: string;
}

function calculate(a: number, operator: keyof typeof OPERATIONS, b: number): Calculation {
  const result = OPERATIONS[operator](a, b);
  const term = `${a}${operator}${b}`;
  return { a, b, result, note: `${term} = <<${term}=${result}>>${result}` };
}

/** @param steps the sentences of the answer; the last one holds the final calculation */
const ask = (question: string, steps: string[], { result }: Calculation): Gsm8kProblem => ({
  question,
  answer: [...steps, `#### ${result}`].join('\n'),
});

/**
 * The kinds of problem. In a second step one operand is the first result and the other stands in the
 * question, so that every number of an answer is either copied or one known fact of arithmetic.
 */
const KINDS: readonly ((draw: Draw) => Gsm8kProblem)[] = [
  draw => {
    const { name, things } = draw;
    const all = calculate(draw.number(2, 12), '*', draw.number(2, 9));
    return ask(
      `${name} has ${all.a} ${draw.one(HOLDERS)} with ${all.b} ${things} in each. How many ${things} does ${name} have?`,
      [`${name} has ${all.note} ${things}.`],
      all,
    );
  },
  draw => {
    const { name, things } = draw;
    const packed = calculate(draw.number(2, 9), '*', draw.number(2, 9));
    const all = calculate(packed.result, '+', draw.number(2, 9));
    return ask(
      `${name} buys ${packed.a} ${draw.one(HOLDERS)} of ${packed.b} ${things} and then finds ${all.b} more ${things}. How many ${things} does ${name} have now?`,
      [`${name} buys ${packed.note} ${things}.`, `Now ${name} has ${all.note} ${things}.`],
      all,
    );
  },
  draw => {
    const { name, friend, things } = draw;
    const packed = calculate(draw.number(3, 9), '*', draw.number(3, 9));
    const left = calculate(packed.result, '-', draw.number(2, 7));
    return ask(
      `${name} fills ${packed.a} ${draw.one(HOLDERS)} with ${packed.b} ${things} each and gives ${left.b} ${things} to ${friend}. How many ${things} are left?`,
      [`${name} has ${packed.note} ${things}.`, `After the gift ${left.note} ${things} are left.`],
      left,
    );
  },
  draw => {
    const { name, things } = draw;
    const cost = calculate(draw.number(2, 12), '*', draw.number(2, 9));
    return ask(
      `At the ${draw.one(PLACES)} ${name} buys ${cost.a} ${things} for $${cost.b} each. How much does ${name} pay?`,
      [`${name} pays $${cost.note}.`],
      cost,
    );
  },
  draw => {
    const { name, things } = draw;
    const cost = calculate(draw.number(2, 9), '*', draw.number(2, 9));
    const change = calculate(100, '-', cost.result);
    return ask(
      `${name} buys ${cost.a} ${things} for $${cost.b} each and pays with a $100 bill. How much change does ${name} get?`,
      [`The ${things} cost $${cost.note}.`, `The change is $${change.note}.`],
      change,
    );
  },
  draw => {
    const { name, things } = draw;
    const [friends, share] = [draw.number(2, 9), draw.number(2, 9)];
    const each = calculate(friends * share, '/', friends);
    return ask(
      `${name} shares ${each.a} ${things} equally among ${each.b} friends. How many ${things} does each friend get?`,
      [`Each friend gets ${each.note} ${things}.`],
      each,
    );
  },
  draw => {
    const { name, friend, things } = draw;
    const theirs = calculate(draw.number(2, 9), '*', draw.number(2, 9));
    const both = calculate(theirs.result, '+', theirs.a);
    return ask(
      `${name} has ${theirs.a} ${things}. ${friend} has ${theirs.b} times as many. How many ${things} do they have together?`,
      [`${friend} has ${theirs.note} ${things}.`, `Together they have ${both.note} ${things}.`],
      both,
    );
  },
  draw => {
    const { name, things } = draw;
    const [before, after] = draw.two(DAYS);
    const all = calculate(draw.number(11, 49), '+', draw.number(2, 9));
    return ask(
      `${name} finds ${all.a} ${things} on ${before} and ${all.b} ${things} on ${after}. How many ${things} does ${name} find in all?`,
      [`${name} finds ${all.note} ${things}.`],
      all,
    );
  },
  draw => {
    const { name, friend, things } = draw;
    const left = calculate(draw.number(11, 49), '-', draw.number(2, 9));
    return ask(
      `${name} takes ${left.a} ${things} to the ${draw.one(PLACES)} and gives ${left.b} of them to ${friend}. How many ${things} does ${name} keep?`,
      [`${name} keeps ${left.note} ${things}.`],
      left,
    );
  },
  draw => {
    const { name, things } = draw;
    const earned = calculate(draw.number(2, 9), '*', draw.number(2, 9));
    const saved = calculate(earned.result, '+', draw.number(2, 9));
    return ask(
      `${name} has $${saved.b} and saves $${earned.a} a week to buy ${things}. How much money does ${name} have after ${earned.b} weeks?`,
      [`${name} saves $${earned.note}.`, `With the first money that makes $${saved.note}.`],
      saved,
    );
  },
];

const NAMES = words(
  'Ada Ben Cleo Dan Emma Finn Grace Hugo Ivy Jack Kim Leo Mia Noah Olga Paul Rosa Sam Tina Uma Vera Will Yara Zoe',
);
const THINGS = words(
  'pens books coins cards shells stamps apples cookies marbles stickers flowers buttons beads toys stones balls',
);
const HOLDERS = words('boxes bags jars baskets drawers bowls');
const PLACES = words('park market school beach library garden');
const DAYS = words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday');

function words(list: string): readonly string[] {
  return list.split(' ');
}
