/** Everything the view's picture depends on. Plain data; what changes it is in `labelsApp`. */
import type { LabelsSnapshot } from '../../src/protocol/labelsView';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly snapshot: LabelsSnapshot | null;
  readonly isNarrow: boolean;
  /** Tokens one by one with their ids, or the text as it reads. */
  readonly shows: 'tokens' | 'text';
  /** Place of the chosen example among those that are shown. */
  readonly chosen: number;
  readonly isHelpOpen: boolean;
  readonly notice: string | null;
}
