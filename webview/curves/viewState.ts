/** Everything the view's picture depends on. Plain data; what changes it is in `curvesApp`. */
import type { RunWindow } from '../../src/curves/runWindow';
import type { RunFacts } from '../../src/protocol/curves';
import type { Palette } from '../theme/roles';
import type { PlotSize } from './plot/plotElement';
import type { Taste } from './taste';
import type { TableMetric } from './valueTable';

export const plotNames = ['loss', 'learningRate', 'gradientNorm', 'tokensPerSecond'] as const;
export type PlotName = (typeof plotNames)[number];

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

export interface EventRef {
  run: string;
  seq: number;
}

export type MenuName = 'export' | 'run' | 'view' | 'compare';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  connection: 'connecting' | 'silent' | 'ready';
  runs: ReadonlyMap<string, RunFacts>;
  knownRuns: number;
  isTrusted: boolean;
  /** The host's clock minus ours, in ms. */
  clockOffset: number;
  windows: ReadonlyMap<string, RunWindow>;
  taste: Taste;
  palette: Palette;
  room: Room;
  /** The toolbar of a wide view has no room for everything. */
  isTight: boolean;
  /** Pixels across the plots. */
  mainWidth: number;
  sizes: Readonly<Record<PlotName, PlotSize>>;
  /** Position of the shared cursor, in units of the axis. */
  cursor: number | null;
  /** The cursor was moved by key: its read-out is spoken. */
  isCursorSpoken: boolean;
  /** Range being dragged over, in units of the axis. */
  selection: [number, number] | null;
  openEvent: EventRef | null;
  menu: MenuName | null;
  tableMetric: TableMetric;
  /** What the runs are filtered by; null = no filter shown. */
  search: string | null;
  isDrawerOpen: boolean;
  isHelpOpen: boolean;
  notice: { kind: 'info' | 'error'; text: string } | null;
  /** Grows once a second while something is live, for ages. */
  tick: number;
}
