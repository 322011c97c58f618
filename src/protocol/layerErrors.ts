/** How far the layers of a run's base are from the original ones where they are held in few bits. Pure. */
import type { LayerError, RunEvent } from './runEvent';

/** As the run said last, worst first; none of a run that holds no layers in few bits. */
export function layerErrors(events: readonly RunEvent[]): readonly LayerError[] {
  const said = events.flatMap(event =>
    event.type === 'notice' && event.layers ? [event.layers] : [],
  );
  return [...(said.at(-1) ?? [])].sort((a, b) => b[1] - a[1]);
}
