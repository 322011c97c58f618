/** Everything the view's picture depends on. Plain data; what changes it is in `adapterApp`. */
import type { AdapterSnapshot } from '../../src/protocol/adapterView';
import type { Palette } from '../theme/roles';
import type { Taste } from './taste';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly snapshot: AdapterSnapshot | null;
  readonly palette: Palette;
  readonly room: Room;
  /** Pixels across the detail pane, and of the table's rows. */
  readonly paneWidth: number;
  /** Pixels across map and table. */
  readonly listWidth: number;
  readonly tableHeight: number;
  readonly scrollTop: number;
  readonly taste: Taste;
  /** Cell of the map that is looked at by key. */
  readonly mapAt: number | null;
  readonly open: 'export' | null;
  readonly isHelpOpen: boolean;
  readonly notice: { readonly text: string; readonly isError: boolean } | null;
}
