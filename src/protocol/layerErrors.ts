/** How far layers in few bits are from the original ones. Pure. */
import type { LayerError, RunEvent } from './runEvent';

/** As the run said last, worst first; none of a run that holds no layers in few bits. */
export function layerErrors(events: readonly RunEvent[]): readonly LayerError[] {
  const said = events.flatMap(event =>
    event.type === 'notice' && event.layers ? [event.layers] : [],
  );
  return worstFirst(said.at(-1) ?? []);
}

export const worstFirst = (errors: Iterable<LayerError>): LayerError[] =>
  [...errors].sort((a, b) => b[1] - a[1]);
