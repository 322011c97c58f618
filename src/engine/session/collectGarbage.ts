/**
 * Collects the buffers of results nobody holds any more. V8 counts them, but lets hundreds of
 * megabytes pass before it acts: with the gradients of a large model that would be the peak.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
