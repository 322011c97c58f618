/**
 * What crosses between the host and the view of adapters: what each changes, layer by layer, and how
 * much two of them have in common. Plain data that survives a structured clone.
 */
import type { ViewProblem, ViewReply } from './viewReply';

/** What an adapter does to the weight of one layer. */
export interface LayerUpdate {
  /** Of the weight, without `.weight`. */
  readonly layer: string;
  /** ‖scale·B·A‖, Frobenius. */
  readonly norm: number;
  /** Largest singular value of scale·B·A. */
  readonly largest: number;
  /** exp of the entropy of the singular values (Roy & Vetterli 2007): 1 … r; 0 of no change. */
  readonly effectiveRank: number;
  /** Of scale·B·A, the largest first; as many as the rank. */
  readonly singularValues: readonly number[];
}

export interface LayerOverlap {
  /** Cosine between both updates as vectors: −1 … 1. */
  readonly cosine: number;
  /** Of the directions that both write to (Hu et al. 2021, section 7.2): 0 none … 1 all of the smaller. */
  readonly subspace: number;
}

export interface InspectedLayer extends LayerUpdate {
  /** Of the weight that it changes. */
  readonly shape: readonly [out: number, input: number];
}

export interface InspectedAdapter {
  readonly rank: number;
  readonly alpha: number;
  /** False for a file that does not say its alpha: twice the rank is taken. */
  readonly isAlphaStored: boolean;
  /** What B·A is multiplied by. */
  readonly scaling: number;
  /** α/√r in the place of α/r. */
  readonly isRankStabilised: boolean;
  readonly targets: readonly string[];
  readonly parameters: number;
  /** Its base, as it names it. */
  readonly base: string | null;
  /** Where that base is, if it is here. */
  readonly baseDir: string | null;
  readonly layers: readonly InspectedLayer[];
}

/** One adapter of the view. */
export interface AdapterEntry {
  /** As people name it in this window. */
  readonly name: string;
  readonly path: string;
  /** Null until it is read, and when it cannot be. */
  readonly adapter: InspectedAdapter | null;
  readonly problem: ViewProblem | null;
  /** ‖W‖ of the weight of each layer, in their order; null until it is read. */
  readonly baseNorms: readonly (number | null)[];
  /** Why there are none. */
  readonly baseProblem: string | null;
}

/** ‖BA‖ over ‖W‖ of a layer by its place; null while the base is not read. */
export function shareOf({ adapter, baseNorms }: AdapterEntry, at: number): number | null {
  const base = baseNorms[at];
  const norm = adapter?.layers[at]?.norm;
  return base && norm !== undefined ? norm / base : null;
}

/** Of two adapters by their places in the view, the lower first. */
export interface PairOverlap {
  readonly first: number;
  readonly second: number;
  /** Of the layers that both change, by name. */
  readonly layers: readonly (LayerOverlap & { readonly layer: string })[];
}

export interface AdapterSnapshot {
  readonly adapters: readonly AdapterEntry[];
  readonly overlaps: readonly PairOverlap[];
  /** Adapters or overlaps are being read. */
  readonly isReading: boolean;
  /** Weights of bases that were read for their norms; null when none are. */
  readonly base: { readonly done: number; readonly total: number } | null;
}

/** More cannot be told apart in one view. */
export const MOST_ADAPTERS = 6;

/** Every request of the view, with what it gets back. */
export interface AdapterRequests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: AdapterSnapshot };
  /** Reads all files anew. */
  again: { params: null; result: null };
  /** Asks for a further adapter. */
  compare: { params: null; result: null };
  /** Takes one away; the last one stays. */
  remove: { params: { at: number }; result: null };
  /** Asks where an adapter's base is. */
  chooseBase: { params: { at: number }; result: null };
  /** Layer by layer, of one adapter or of two; the path, or null when the user chose none. */
  save: {
    params: { format: 'json' | 'csv'; first: number; second: number | null };
    result: string | null;
  };
  /** The picture as the view drew it. */
  savePicture: { params: { svg: string }; result: string | null };
  copy: { params: { text: string }; result: null };
}

export type AdapterRequestName = keyof AdapterRequests;

export type AdapterRequestMessage = {
  [K in AdapterRequestName]: { id: number; request: K; params: AdapterRequests[K]['params'] };
}[AdapterRequestName];

export type AdapterPost =
  | { type: 'adapters'; snapshot: AdapterSnapshot }
  /** The view is in sight again and asks anew. */
  | { type: 'shown' };

export type AdapterHostMessage = ViewReply | AdapterPost;
