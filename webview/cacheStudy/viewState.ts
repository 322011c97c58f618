/** Everything the view's picture depends on. Plain data; what changes it is in `cacheStudyApp`. */
import type { StudyReport } from '../../src/protocol/cacheStudy';
import type { StudySnapshot } from '../../src/protocol/cacheStudyView';
import type { Palette } from '../theme/roles';
import type { Taste } from './taste';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

/** Menus, of which at most one is open. */
export type MenuName = 'other' | 'export' | 'measure' | 'adapter';

/** Relative L2 errors by layer and token, of one adapter kept in one way. */
export interface TokenErrors {
  readonly adapter: string;
  readonly variant: string;
  readonly side: 'k' | 'v';
  /** [layers, tokens] */
  readonly errors: Float32Array;
}

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  connection: 'connecting' | 'silent' | 'ready';
  snapshot: StudySnapshot | null;
  /** The study to compare with. */
  other: StudyReport | null;
  palette: Palette;
  room: Room;
  /** Pixels across the map. */
  mapWidth: number;
  taste: Taste;
  tokens: TokenErrors | null;
  /** Token that is looked at. */
  token: number | null;
  menu: MenuName | null;
  isHelpOpen: boolean;
  notice: { kind: 'info' | 'error'; text: string } | null;
}
