/** Everything the view's picture depends on. Plain data; what changes it is in `agentsApp`. */
import type { AgentSnapshot } from '../../src/protocol/agentView';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly snapshot: AgentSnapshot | null;
  readonly isNarrow: boolean;
  /** Number of the step that is looked at; null = the newest. */
  readonly chosen: number | null;
  /** Steps whose whole prompt is shown. */
  readonly unfolded: ReadonlySet<number>;
  /** The answer for an example, as its user has changed it. */
  readonly answer: string | null;
  readonly isHelpOpen: boolean;
  readonly notice: { readonly kind: 'info' | 'error'; readonly text: string } | null;
}
