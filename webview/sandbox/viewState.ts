/** Everything the view's picture depends on. Plain data; what changes it is in `sandboxApp`. */
import type { Terminal } from '../../src/protocol/commandLine';
import type {
  EngineFacts,
  HistoryItem,
  PromptState,
  SandboxDocument,
} from '../../src/protocol/sandboxView';
import type { DevicesState } from './deviceItems';
import type { ShownErrors } from './layerErrors';
import type { Palette } from '../theme/roles';
import type { Taste } from './taste';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

/** A token that is looked at. */
export interface Spot {
  readonly column: string;
  readonly at: number;
  /** It stays until it is closed: it was pressed, or reached by key. */
  readonly isPinned: boolean;
}

/** `column:<id>` and `run:<id>` are of one column. */
export type MenuName = 'export' | 'history' | 'more' | `column:${string}` | `run:${string}`;

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly document: SandboxDocument | null;
  readonly promptState: PromptState;
  readonly isTrusted: boolean;
  readonly terminal: Terminal;
  readonly engine: EngineFacts;
  readonly history: readonly HistoryItem[];
  readonly taste: Taste;
  readonly palette: Palette;
  readonly room: Room;
  /** The toolbar has no room for everything. */
  readonly isTight: boolean;
  /** Pixels across the ribbon's bars. */
  readonly ribbonWidth: number;
  readonly spot: Spot | null;
  /** Alternative that is chosen in the popover: its place in the list. */
  readonly alternative: number | null;
  readonly menu: MenuName | null;
  readonly devices: DevicesState;
  /** The sampling beside a view that has no room for it. */
  readonly isDrawerOpen: boolean;
  /** The prompt of a narrow view. */
  readonly isPromptOpen: boolean;
  readonly isHelpOpen: boolean;
  readonly layerErrors: ShownErrors | null;
  /** Texts that were asked for and that the host has not begun yet. */
  readonly asked: number;
  /** A stop text is being typed. */
  readonly isAddingStop: boolean;
  /** Spoken by screen readers when it changes. */
  readonly spoken: string;
  readonly notice: { readonly kind: 'info' | 'error'; readonly text: string } | null;
}
