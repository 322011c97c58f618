/**
 * Records of a data file as examples to evaluate on: what a model is asked, what it should have
 * written, and its final answer. Knows nothing of models but whether they chat.
 */
import { createHash } from 'node:crypto';
import type { EvaluatedData, Extraction } from '../../protocol/evaluation';
import type { PromptInput } from '../../protocol/sandbox';
import { type DataRecord, parseFieldTemplate } from '../data/fieldTemplate';
import { formatGsm8k, gsm8kPrompt } from '../data/gsm8k';
import { readLines, readRawLines } from '../data/lines';
import { strip } from '../data/pythonSpace';
import { messagesOf } from '../examples/exampleTexts';
import { isParquet, readRecords } from '../examples/records';
import type { FileSystem } from '../files/fileSystem';
import { referenceAnswer } from '../metrics/extractAnswer';
import { fail } from '../problem';
import type { EvaluationFormat, EvaluationSettings } from './settings';

export interface EvaluationExample {
  /** In the file, from 0. */
  readonly index: number;
  readonly line: number | null;
  /** For people, and for agents: what is asked. */
  readonly question: string;
  /** Undefined for plain text, of which nothing is asked. */
  readonly input: PromptInput | undefined;
  /** What follows the prompt in data of this form: the text whose tokens are scored. */
  readonly completion: string;
  /** The solution to compare with. */
  readonly reference: string;
  readonly expected: string | null;
}

export interface EvaluationData {
  readonly data: EvaluatedData;
  readonly extract: Extraction;
  /** Those to evaluate on, by index. */
  readonly examples: readonly EvaluationExample[];
}

/** What a record becomes by its format. */
type Reading = Pick<EvaluationExample, 'question' | 'input' | 'completion' | 'reference'>;

/**
 * @param model whether it has a chat template: questions with answers are then asked as chats
 * @throws `evaluate.no-examples`, `evaluate.no-such-example`, `data.…`, `config.bad-template`, `disk.…`
 */
export async function readEvaluationData(
  fs: FileSystem,
  settings: EvaluationSettings,
  model: { readonly hasChat: boolean },
): Promise<EvaluationData> {
  const { data: path } = settings;
  const records = await allRecords(fs, path, settings);
  const where = { file: path };
  const first = records[0];
  if (!first) return fail('evaluate.no-examples', `${path} holds no example.`, where);
  const format = settings.format ?? formatOf(first, settings, model);
  const indices = chosenIndices(settings, records.length);
  const read = readingOf(format, settings);
  const examples = indices.map(index => ({ index, record: records[index]!, ...read(records[index]!) })); // prettier-ignore
  const extract = settings.extract ?? extractionOf(examples.map(({ reference }) => reference));
  return {
    data: { path, format, sha256: hashOf(fs, path), examples: records.length },
    extract,
    examples: examples.map(({ record, ...example }) => ({
      ...example,
      line: record.place.line ?? null,
      expected: format === 'text' ? null : referenceAnswer(example.reference, extract),
    })),
  };
}

async function allRecords(
  fs: FileSystem,
  path: string,
  { textField }: EvaluationSettings,
): Promise<DataRecord[]> {
  if (isParquet(path) || /\.(jsonl|ndjson|json)$/.test(path))
    return fromAsync(readRecords(fs, path));
  const text = Array.from(readLines(fs, path), line => line.text).join('');
  if (text.trim() === '') return [];
  return [{ fields: { [textField]: text }, name: path, place: { file: path } }];
}

async function fromAsync<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function hashOf(fs: FileSystem, path: string): string {
  const hash = createHash('sha256');
  for (const line of readRawLines(fs, path)) hash.update(line);
  return hash.digest('hex');
}

function formatOf(
  { fields, name, place }: DataRecord,
  { textField, prompt, completion }: EvaluationSettings,
  { hasChat }: { readonly hasChat: boolean },
): EvaluationFormat {
  const has = (...names: string[]) => names.every(key => key in fields);
  if (has('messages')) return 'chat';
  const isTemplated = prompt !== undefined || completion !== undefined;
  if (isTemplated || has('prompt', 'completion')) return hasChat && isTemplated ? 'chat' : 'completion'; // prettier-ignore
  if (has('question', 'answer')) return hasChat ? 'chat' : 'gsm8k';
  if (has(textField)) return 'text';
  const fieldNames = Object.keys(fields).slice(0, 8).map(key => `"${key}"`); // prettier-ignore
  return fail(
    'data.missing-field',
    `${name} has neither "question" and "answer" nor "messages", "prompt" and "completion" or "${textField}", but ${fieldNames.join(', ')}. Say with \`prompt\` and \`completion\` of \`evaluate\` what is asked and answered.`,
    place,
  );
}

function chosenIndices(
  { from, samples, only, data }: EvaluationSettings,
  count: number,
): readonly number[] {
  const outside = only?.find(index => index >= count) ?? (from >= count ? from : undefined);
  if (outside !== undefined)
    fail(
      'evaluate.no-such-example',
      `${data} has ${count} examples, numbered from 0; there is no example ${outside}.`,
      { file: data },
    );
  if (only) return [...new Set(only)].sort((a, b) => a - b);
  const length = Math.min(count - from, samples ?? Infinity);
  return Array.from({ length }, (_, i) => from + i);
}

/** By what the references hold: all of them must. */
function extractionOf(references: readonly string[]): Extraction {
  const all = (kind: Extraction) => references.every(text => referenceAnswer(text, kind) !== null);
  if (references.every(text => text.includes('####')) && all('gsm8k')) return 'gsm8k';
  return all('marker') ? 'marker' : 'text';
}

function readingOf(
  format: EvaluationFormat,
  settings: EvaluationSettings,
): (record: DataRecord) => Reading {
  switch (format) {
    case 'gsm8k':
      return gsm8kReading;
    case 'chat':
      return chatReading(settings);
    case 'completion':
      return completionReading(settings);
    case 'text': {
      const template = parseFieldTemplate(`{${settings.textField}}`, 'evaluate.text_field');
      return record => {
        const text = template.fill(record);
        return { question: beginning(text), input: undefined, completion: text, reference: text };
      };
    }
  }
}

function gsm8kReading(record: DataRecord): Reading {
  const [question, answer] = ['question', 'answer'].map(field =>
    parseFieldTemplate(`{${field}}`, '').fill(record),
  ) as [string, string];
  const prompt = gsm8kPrompt(question);
  const completion = formatGsm8k({ question, answer }).slice(prompt.length);
  const input = { kind: 'text', text: prompt } as const;
  return { question: strip(question), input, completion, reference: strip(answer) };
}

function completionReading(settings: EvaluationSettings): (record: DataRecord) => Reading {
  const before = parseFieldTemplate(settings.prompt ?? '{prompt}', 'evaluate.prompt');
  const after = parseFieldTemplate(settings.completion ?? '{completion}', 'evaluate.completion');
  return record => {
    const [text, completion] = [before.fill(record), after.fill(record)];
    return { question: beginning(text), input: { kind: 'text', text }, completion, reference: completion }; // prettier-ignore
  };
}

/** The last turn of the model's own is what it should write. */
function chatReading({ system, prompt, completion }: EvaluationSettings) {
  const toMessages = messagesOf({ system, prompt, completion, train_on: 'completion' });
  return (record: DataRecord): Reading => {
    const messages = toMessages(record);
    const last = messages.findLastIndex(({ role }) => role === 'assistant');
    if (last < 1)
      fail(
        'data.bad-messages',
        `${record.name}: "messages" has no turn of the assistant after a question.`,
        record.place,
      );
    const reference = messages[last]!.content;
    const asked = messages.slice(0, last);
    const question = asked.findLast(({ role }) => role === 'user')?.content ?? asked[0]!.content;
    return {
      question: beginning(question),
      input: { kind: 'chat', messages: asked },
      completion: reference,
      reference: strip(reference),
    };
  };
}

const beginning = (text: string): string => {
  const trimmed = strip(text);
  return trimmed.length > 2000 ? `${trimmed.slice(0, 1999)}…` : trimmed;
};
