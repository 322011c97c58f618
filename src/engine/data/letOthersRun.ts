/** Keeps a long loop polite: timers and IO run in between, and it can be cancelled. */
import { fail } from '../problem';

const TURN_MS = 10;

/**
 * A function to await in every round of a loop. It returns at once until 10 ms have passed, then
 * lets the event loop turn.
 * @param doing for the message, e.g. "Preparing data.jsonl"
 * @throws (the function) `data.cancelled` once `signal` is aborted
 */
export function letOthersRun(doing: string, signal?: AbortSignal): () => Promise<void> | undefined {
  let turnEnds = performance.now() + TURN_MS;
  const turn = async () => {
    await new Promise(resolve => setImmediate(resolve));
    if (signal?.aborted)
      fail('data.cancelled', `${doing} was cancelled; nothing was left half-written.`);
    turnEnds = performance.now() + TURN_MS;
  };
  return () => (performance.now() < turnEnds && !signal?.aborted ? undefined : turn());
}
