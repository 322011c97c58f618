/** What the Models view says of a row: one short line, facts for the hover, a sentence to be spoken. */
import { l10n } from 'vscode';
import { amountText, bytesText, countText } from '../../curves/numberText';
import type { ModelSummary } from '../../engine/catalog/modelSummary';
import { isUnfinished, type ModelGroup, type ModelRow } from './modelRows';

export function groupName(group: ModelGroup): string {
  switch (group) {
    case 'runs':
      return l10n.t('Checkpoints');
    case 'folders':
      return l10n.t('Workspace');
    case 'cache':
      return l10n.t('Hub Cache');
  }
}

export const nameOf = ({ name, place }: ModelRow): string =>
  place.in === 'checkpoint' ? l10n.t('step {0}', countText(Number(name))) : name;

/** The dimmed text beside the name. `summary` is undefined until it was read. */
export function descriptionOf(row: ModelRow, summary: ModelSummary | undefined): string {
  const { place } = row;
  switch (place.in) {
    case 'run':
      return joined(
        briefly(summary),
        place.checkpoints === 1
          ? l10n.t('1 checkpoint')
          : l10n.t('{0} checkpoints', place.checkpoints),
        wrongIn(summary),
      );
    case 'checkpoint':
      return joined(roleOf(place.role), bytesText(place.bytes), wrongIn(summary));
    case 'folder':
      return joined(briefly(summary), summary && bytesText(summary.bytes), wrongIn(summary));
    case 'cache':
      if (place.unfinished !== undefined)
        return l10n.t('unfinished, {0} so far', bytesText(place.unfinished));
      return joined(
        briefly(summary),
        bytesText(place.bytes),
        revisionOf(place.refs, place.commit),
        wrongIn(summary),
      );
  }
}

const wrongIn = (summary: ModelSummary | undefined): string =>
  summary?.problem === undefined ? '' : l10n.t('cannot be opened');

function roleOf(role: 'best' | 'last' | ''): string {
  if (role === 'best') return l10n.t('best');
  return role === 'last' ? l10n.t('last') : '';
}

/** Nothing for the usual branch. */
const revisionOf = (refs: readonly string[], commit: string): string =>
  refs.includes('main') ? '' : (refs[0] ?? commit.slice(0, 8));

/** "llama 1.10 G", "LoRA r 8". */
function briefly(summary: ModelSummary | undefined): string {
  if (!summary) return '';
  const { adapter, family, parameters } = summary;
  if (adapter) return adapter.rank > 0 ? `LoRA r ${adapter.rank}` : 'LoRA';
  return [family, parameters !== undefined && amountText(parameters)].filter(Boolean).join(' ');
}

/** Names and values for the hover. */
export function factsOf(row: ModelRow, summary: ModelSummary | undefined): [string, string][] {
  const facts: [string, string | undefined][] = [
    [l10n.t('Family'), summary?.family],
    [l10n.t('Adapter'), summary?.adapter && adapterFact(summary.adapter)],
    [l10n.t('Parameters'), numberFact(summary?.parameters)],
    [l10n.t('Types'), summary?.dtypes.join(', ')],
    [l10n.t('Context'), tokensFact(summary?.contextLength)],
    [l10n.t('Vocabulary'), numberFact(summary?.vocabulary)],
    [l10n.t('Tensors'), summary && `${countText(summary.tensors)}, ${bytesText(summary.bytes)}`],
    ...placeFacts(row),
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
}

const numberFact = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : countText(value);

const tokensFact = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : l10n.t('{0} tokens', countText(value));

const adapterFact = ({ rank, base }: { rank: number; base: string }): string =>
  [rank > 0 ? `LoRA r ${rank}` : 'LoRA', base && l10n.t('over {0}', base)]
    .filter(Boolean)
    .join(' ');

function placeFacts({ place }: ModelRow): [string, string | undefined][] {
  switch (place.in) {
    case 'run':
      return [[l10n.t('Run'), place.runId]];
    case 'checkpoint':
      return [[l10n.t('Checkpoint'), roleOf(place.role)]];
    case 'folder':
      return [];
    case 'cache':
      return [
        [l10n.t('Revision'), joined(place.refs.join(', '), place.commit.slice(0, 12))],
        [l10n.t('In the cache'), bytesText(place.bytes)],
      ];
  }
}

/** For a screen reader. */
export function spokenOf(row: ModelRow, summary: ModelSummary | undefined): string {
  const words = [nameOf(row), descriptionOf(row, summary).replaceAll(' · ', ', ')];
  if (isUnfinished(row)) words.push(l10n.t('download can go on'));
  return words.filter(Boolean).join(', ');
}

const joined = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(' · ');
