/** The two events that enclose a phase of preparation. */
import type { Phase, PhaseEvent } from '../../protocol/runEvent';

export function phase(
  name: Phase,
  detail: string,
): { begin: PhaseEvent; end: (detail?: string) => PhaseEvent } {
  const began = performance.now();
  const event = { type: 'phase', phase: name, detail } as const;
  return {
    begin: { ...event, state: 'begin', seconds: 0 },
    end: (final = detail) => ({
      ...event,
      state: 'end',
      detail: final,
      seconds: (performance.now() - began) / 1000,
    }),
  };
}
