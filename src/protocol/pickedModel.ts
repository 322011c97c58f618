/** What is said of a picked model with the adapters on it. Pure. */
import type { PickedAdapter, PickedModel } from './sandboxView';

/** Those that act, in the order in which they were put on. */
export const activeAdapters = ({ adapters }: PickedModel): PickedAdapter[] =>
  adapters.filter(({ isOn, weight }) => isOn && weight !== 0);

/** "maths", "maths × 0.5" */
export const adapterWords = ({ name, weight }: PickedAdapter): string =>
  weight === 1 ? name : `${name} × ${weight}`;

/** "SLM 26.4 M · base + maths × 0.5 + style" */
export const wholeName = (model: PickedModel): string =>
  [model.name, ...activeAdapters(model).map(adapterWords)].join(' + ');

/** Where there is room for a word: the adapters, which tell models of one base apart; else the base. */
export function shortName(model: PickedModel): string {
  const active = activeAdapters(model).map(adapterWords);
  return active.length === 0 ? model.short : active.join(' + ');
}
