/** Everything the view's picture depends on. Plain data; what changes it is in `diffApp`. */
import type { Region } from '../../src/protocol/matrix';
import type {
  DiffProgress,
  DiffSnapshot,
  FaultFacts,
  LogitFacts,
  PairDetail,
} from '../../src/protocol/weightDiff';
import type { Place } from '../controls/regions';
import type { Palette } from '../theme/roles';
import type { Taste } from './taste';
import type { TileMap } from './tileMap';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

/** Counts of values and differences, by bin. */
export interface Spread {
  values: { from: number; to: number };
  differences: { from: number; to: number };
  left: Float64Array;
  right: Float64Array;
  difference: Float64Array;
  share: number;
}

/** What is known of the chosen parameter; undefined = on its way, null = there is none. */
export interface Detail {
  readonly row: number;
  readonly chain?: PairDetail;
  readonly fault?: FaultFacts | null;
  readonly spread?: Spread | null;
  readonly map?: TileMap;
  readonly error?: string;
}

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  connection: 'connecting' | 'silent' | 'ready';
  snapshot: DiffSnapshot | null;
  progress: DiffProgress;
  logits: LogitFacts | null;
  /** Why there are none, or that they are on their way. */
  logitsNote: string | null;
  palette: Palette;
  room: Room;
  /** Pixels across the detail pane, and of the table's rows. */
  paneWidth: number;
  tableHeight: number;
  scrollTop: number;
  taste: Taste;
  detail: Detail | null;
  /** Shown of the parameter as rows and columns; null = all. */
  region: Region | null;
  /** Element under the pointer or chosen by key. */
  place: Place | null;
  /** The place was moved by key: it is spoken. */
  isPlaceSpoken: boolean;
  /** Cell of the model map that is looked at by key. */
  mapAt: number | null;
  isProofShown: boolean;
  open: 'export' | 'bounds' | 'more' | null;
  isHelpOpen: boolean;
  notice: { kind: 'info' | 'error'; text: string } | null;
}
