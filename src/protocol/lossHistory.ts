/**
 * A whole run's training loss in at most 32 numbers, whatever its length: the source of sparklines.
 * Knows nothing of how they are drawn.
 */

/** Mean loss of consecutive, equally long stretches of steps from step 0 on. */
export interface LossHistory {
  /** Steps per mean; doubles when the list is full. */
  stride: number;
  means: number[];
  /** Steps in the last mean. */
  lastCount: number;
}

const LENGTH = 32;

export function emptyHistory(): LossHistory {
  return { stride: 1, means: [], lastCount: 0 };
}

/** Drops every stretch that reaches beyond `step`, from where the run is taken up again. */
export function forgetFrom(history: LossHistory, step: number): void {
  history.means.length = Math.min(history.means.length, Math.floor(step / history.stride));
  history.lastCount = history.means.length > 0 ? history.stride : 0;
}

/** Adds the loss of `step`; steps come in order. */
export function remember(history: LossHistory, step: number, loss: number): void {
  while (Math.floor(step / history.stride) >= LENGTH) halve(history);
  const { means } = history;
  const at = Math.floor(step / history.stride);
  if (at >= means.length) {
    // A stretch without any finite loss repeats the one before it.
    while (means.length < at) means.push(means.at(-1) ?? loss);
    means.push(loss);
    history.lastCount = 1;
    return;
  }
  const last = means.length - 1;
  history.lastCount++;
  means[last] = means[last]! + (loss - means[last]!) / history.lastCount;
}

function halve(history: LossHistory): void {
  const { means, stride } = history;
  const odd = means.length % 2 === 1;
  const pairs: number[] = [];
  for (let i = 0; i < means.length; i += 2) {
    const next = means[i + 1];
    pairs.push(next === undefined ? means[i]! : (means[i]! + next) / 2);
  }
  history.means = pairs;
  history.lastCount += odd || means.length === 0 ? 0 : stride;
  history.stride = stride * 2;
}
