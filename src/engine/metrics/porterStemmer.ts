/**
 * Porter's stemmer (M. F. Porter, "An algorithm for suffix stripping", 1980) with NLTK's extensions,
 * for lower-case words. Pure.
 */

const VOWELS = 'aeiou';

/** NLTK's words that no rule applies to. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ...['sky', 'news', 'howe', 'proceed', 'exceed', 'succeed'].map(word => [word, word] as const),
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ...['inning', 'outing', 'canning'].flatMap(word => [[word, word] as const, [`${word}s`, word] as const]), // prettier-ignore
]);

type Condition = (stem: string) => boolean;
type Rule = readonly [suffix: string, replacement: string, condition?: Condition];

export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return [plural, pastOrGerund, finalY, step2, step3, step4, finalE, doubleL].reduce(
    (stem, step) => step(stem),
    word,
  );
}

function isConsonant(word: string, i: number): boolean {
  if (VOWELS.includes(word[i]!)) return false;
  return word[i] !== 'y' || i === 0 || !isConsonant(word, i - 1);
}

/** The m of [C](VC)^m[V]: how often a consonant follows a vowel. */
function measure(stem: string): number {
  let [m, wasVowel] = [0, false];
  for (let i = 0; i < stem.length; i++) {
    const isVowel = VOWELS.includes(stem[i]!) || (stem[i] === 'y' && i > 0 && !wasVowel);
    if (wasVowel && !isVowel) m++;
    wasVowel = isVowel;
  }
  return m;
}

const above0: Condition = stem => measure(stem) > 0;
const above1: Condition = stem => measure(stem) > 1;

const hasVowel: Condition = stem => Array.from(stem).some((_, i) => !isConsonant(stem, i));

const endsDouble: Condition = word =>
  word.length >= 2 && word.at(-1) === word.at(-2) && isConsonant(word, word.length - 1);

/** Consonant, vowel, consonant other than w, x and y; or vowel, consonant. */
function endsShort(word: string): boolean {
  const n = word.length;
  if (n === 2) return !isConsonant(word, 0) && isConsonant(word, 1);
  return (
    n > 2 &&
    isConsonant(word, n - 3) &&
    !isConsonant(word, n - 2) &&
    isConsonant(word, n - 1) &&
    !'wxy'.includes(word[n - 1]!)
  );
}

/** The first rule whose suffix fits decides, also when its condition does not hold. */
function applyRules(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return condition === undefined || condition(stem) ? stem + replacement : word;
  }
  return word;
}

function plural(word: string): string {
  if (word.endsWith('ies') && word.length === 4) return word.slice(0, -1);
  return applyRules(word, [
    ['sses', 'ss'],
    ['ies', 'i'],
    ['ss', 'ss'],
    ['s', ''],
  ]);
}

function pastOrGerund(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return applyRules(word, [['eed', 'ee', above0]]);
  const suffix = ['ed', 'ing'].find(
    end => word.endsWith(end) && hasVowel(word.slice(0, -end.length)),
  );
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDouble(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

const finalY = (word: string): string =>
  applyRules(word, [['y', 'i', stem => stem.length > 1 && isConsonant(stem, stem.length - 1)]]);

const STEP_2: readonly Rule[] = [
  ['ational', 'ate', above0],
  ['tional', 'tion', above0],
  ['enci', 'ence', above0],
  ['anci', 'ance', above0],
  ['izer', 'ize', above0],
  ['bli', 'ble', above0],
  ['alli', 'al', above0],
  ['entli', 'ent', above0],
  ['eli', 'e', above0],
  ['ousli', 'ous', above0],
  ['ization', 'ize', above0],
  ['ation', 'ate', above0],
  ['ator', 'ate', above0],
  ['alism', 'al', above0],
  ['iveness', 'ive', above0],
  ['fulness', 'ful', above0],
  ['ousness', 'ous', above0],
  ['aliti', 'al', above0],
  ['iviti', 'ive', above0],
  ['biliti', 'ble', above0],
  ['fulli', 'ful', above0],
  ['logi', 'log', stem => above0(`${stem}l`)],
];

function step2(word: string): string {
  const isAlli = word.endsWith('alli') && above0(word.slice(0, -4));
  return isAlli ? step2(word.slice(0, -2)) : applyRules(word, STEP_2);
}

const step3 = (word: string): string =>
  applyRules(word, [
    ['icate', 'ic', above0],
    ['ative', '', above0],
    ['alize', 'al', above0],
    ['iciti', 'ic', above0],
    ['ical', 'ic', above0],
    ['ful', '', above0],
    ['ness', '', above0],
  ]);

const STEP_4: readonly Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'],
  'ion',
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'],
].map(suffix => [suffix, '', suffix === 'ion' ? s => above1(s) && /[st]$/.test(s) : above1]);

const step4 = (word: string): string => applyRules(word, STEP_4);

function finalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const stem = word.slice(0, -1);
  const m = measure(stem);
  return m > 1 || (m === 1 && !endsShort(stem)) ? stem : word;
}

const doubleL = (word: string): string =>
  word.endsWith('ll') && above1(word.slice(0, -1)) ? word.slice(0, -1) : word;
