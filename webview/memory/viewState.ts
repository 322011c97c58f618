/** Everything the view's picture depends on. Plain data; what changes it is in `memoryApp`. */
import type { MemorySnapshot } from '../../src/protocol/memoryView';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly snapshot: MemorySnapshot | null;
  readonly width: number;
  /** Place of the bank and of the buffer under the cursor. */
  readonly bank: number;
  readonly category: number;
  /** Of the chosen suggestion. */
  readonly suggestion: string | null;
  /** Two changes together are offered. */
  readonly showsPairs: boolean;
  readonly isHelpOpen: boolean;
  readonly notice: { readonly text: string; readonly isError: boolean } | null;
}
