/**
 * The card of a model (`README.md` on the hub): what it is and how it was made, so that somebody
 * else could make it again. Pure.
 */
import { amountText, countText, lossText } from '../../curves/numberText';
import type { ModelFacts, RunFacts } from './modelFacts';

export interface Card {
  /** `org/model` */
  readonly id: string;
  readonly facts: ModelFacts;
  /** On the hub, for an adapter. */
  readonly baseModel?: string;
  /** As the hub names licences: `mit`, `apache-2.0`, … */
  readonly license?: string;
  readonly version: string;
}

export function modelCard(card: Card): string {
  const { id, facts } = card;
  return (
    [
      frontMatter(card),
      `# ${plain(id.split('/').at(-1) ?? id)}`,
      summary(card),
      ...(facts.run
        ? [section('How it was made', table(rowsOf(facts.run))), config(facts.run)]
        : []),
      section('Use', `    weightroom hub download ${id}\n    weightroom generate ${id}`),
    ].join('\n\n') + '\n'
  );
}

/** JSON is YAML, and needs no rules for quoting. */
function frontMatter({ facts, baseModel, license }: Card): string {
  const { adapter, family } = facts;
  const isOwn = family === 'slm';
  const fields: Record<string, unknown> = {
    library_name: adapter ? 'peft' : isOwn ? 'weightroom' : 'transformers',
    pipeline_tag: 'text-generation',
    ...(license !== undefined && { license }),
    ...(baseModel !== undefined && { base_model: baseModel }),
    tags: [
      'weightroom',
      ...(family ? [family] : []),
      ...(adapter ? [adapter.kind.toLowerCase()] : []),
    ],
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return ['---', ...lines, '---'].join('\n');
}

function summary({ facts, baseModel, version }: Card): string {
  const { adapter, family, run } = facts;
  const what = adapter
    ? `A ${plain(adapter.kind)} adapter${adapter.rank === undefined ? '' : ` of rank ${adapter.rank}`}` +
      (baseModel === undefined ? '' : ` for ${plain(baseModel)}`)
    : `A language model${family === undefined ? '' : ` of the family ${plain(family)}`}`;
  const size = run && run.parameters > 0 ? `, ${amountText(run.parameters)} parameters` : '';
  const made = run ? 'trained' : 'uploaded';
  return `${what}${size}, ${made} with Weightroom ${plain(version)}.`;
}

function rowsOf(run: RunFacts): [string, string | undefined][] {
  const { best, step, train, validation } = run;
  const data = [train, validation && `held out: ${validation}`].filter(Boolean).join(', ');
  return [
    ['Run', run.id],
    ['Step', step === undefined ? undefined : `${countText(step)} of ${countText(run.maxSteps)}`],
    ['Tokens', run.tokens === undefined ? undefined : countText(run.tokens)],
    ['Trained parameters', run.trainable > 0 ? countText(run.trainable) : undefined],
    ['Validation loss', run.loss === undefined ? undefined : lossText(run.loss)],
    ['Best validation loss', best && `${lossText(best.loss)} at step ${countText(best.step)}`],
    ['Data', data === '' ? undefined : data],
    ['SHA-256 of the tokens', run.dataHash],
    ['Tokenizer', run.tokenizer],
    ['Seed', run.seed === undefined ? undefined : String(run.seed)],
    ['Device', run.device],
    [
      'Versions',
      Object.entries(run.versions)
        .map(([name, v]) => `${name} ${v}`)
        .join(', '),
    ],
  ];
}

const section = (title: string, text: string): string => `## ${title}\n\n${text}`;

const table = (rows: readonly [string, string | undefined][]): string =>
  [
    '| | |',
    '|---|---|',
    ...rows
      .filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')
      .map(([name, value]) => `| ${name} | ${plain(value)} |`),
  ].join('\n');

function config({ config }: RunFacts): string {
  const text = withoutFolders(config).trimEnd();
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return section('Config', `${fence}yaml\n${text}\n${fence}`);
}

/** Where things lie on this machine is nobody else's business. */
const withoutFolders = (yaml: string): string =>
  yaml.replace(/(?<![\w.:/\\])(?:~|[A-Za-z]:)?[\\/](?:[^\s'"/\\,\]}]+[\\/])+/g, '');

/** Text that is no markup, on one line. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#&~]/g, letter =>
      /[<>&]/.test(letter) ? entity(letter) : `\\${letter}`,
    );

const entity = (letter: string): string => `&#${letter.charCodeAt(0)};`;
