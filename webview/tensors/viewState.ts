/** Everything the view's picture depends on. Plain data; what changes it is in `tensorsApp`. */
import type { Region } from '../../src/protocol/matrix';
import type { Histogram, Snapshot, Statistics } from '../../src/protocol/tensors';
import type { Place } from '../controls/regions';
import type { Palette } from '../theme/roles';
import type { HeatMap } from './heatMap';
import type { Taste } from './taste';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

/** What is known of the numbers of the chosen tensor. */
export interface Numbers {
  tensor: string;
  statistics: Statistics | null;
  histogram: Histogram | null;
  /** How much of it has been read; null when nothing is read. */
  share: number | null;
  /** Since when, by the page's clock. */
  since: number;
  error: string | null;
}

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  connection: 'connecting' | 'silent' | 'ready';
  snapshot: Snapshot | null;
  /** The file is not any more what is shown. */
  staleness: 'changed' | 'missing' | null;
  isReading: boolean;
  palette: Palette;
  room: Room;
  /** Pixels across the detail pane, and of the table's rows. */
  paneWidth: number;
  tableHeight: number;
  scrollTop: number;
  taste: Taste;
  dtype: string | null;
  prefix: string | null;
  numbers: Numbers | null;
  map: HeatMap | null;
  /** Shown of the tensor as rows and columns; null = all. */
  region: Region | null;
  /** Element under the pointer or chosen by key. */
  place: Place | null;
  /** The place was moved by key: it is spoken. */
  isPlaceSpoken: boolean;
  /** Prefixes of the totals whose parts are shown. */
  opened: ReadonlySet<string>;
  /** Metadata that is shown in full. */
  unfolded: ReadonlySet<string>;
  isHelpOpen: boolean;
  notice: { kind: 'info' | 'error'; text: string } | null;
}
