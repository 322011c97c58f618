/**
 * What crosses between the weight diff's view, its host and the threads that compare. The table is
 * sent once, as columns; numbers come as they are found, pictures and values are asked for by part.
 * Plain data that survives a structured clone.
 */
import type { Profile } from './diffMetrics';
import type { Region } from './matrix';
import type { ViewProblem, ViewReply } from './viewReply';

/** How a parameter stands to the other side. */
export type PairState = 'pair' | 'unlike' | 'missing' | 'unused' | 'ignored';
/** By what both sides were found to be one parameter. */
export type PairedBy = 'name' | 'layout' | 'renamed' | 'tied' | 'split' | 'likeness';

/** Of one side. */
export interface SideFacts {
  name: string;
  path: string;
  /** What it is: "PyTorch", "Tenstorrent layout, NumPy". */
  what: string;
  tensors: number;
  bytes: number;
  /** Element types, most bytes first. */
  dtypes: string[];
}

/** Columns with a row for each parameter; types, shapes and ways are numbered. */
export interface PairTable {
  names: string[];
  /** Of rows whose right has another name. */
  rightNames: [row: number, name: string][];
  notes: [row: number, note: string][];
  states: PairState[];
  /** '' where a side is missing. */
  leftTypes: string[];
  rightTypes: string[];
  shapes: number[][];
  /** Uint32: index into `shapes`. */
  shapeOf: ArrayBuffer;
  by: (PairedBy | null)[];
  /** Whether a step on the way to the parameter did something. */
  transformed: boolean[];
  /** Float64: bytes of both sides' elements; 0 of what is not compared. */
  bytes: ArrayBuffer;
}

/** A step on the way from what is stored to the canonical parameter. */
export interface ChainStep {
  kind: 'stored' | 'untile' | 'split' | 'permute' | 'crop' | 'transpose' | 'cast' | 'tie';
  text: string;
  shape: number[];
  acts: boolean;
}

export interface Chain {
  dtype: string;
  steps: ChainStep[];
}

export interface FaultFacts {
  kind: string;
  message: string;
  repair: string | null;
  repaired: { pcc: number; relL2: number } | null;
  other: string | null;
  rows: [from: number, to: number][];
}

/** One parameter more closely. */
export interface PairDetail {
  row: number;
  left: Chain | null;
  right: Chain | null;
  /** Format in which distances in units of the last place are counted. */
  format: string | null;
}

export interface Distributions {
  /** Ends of the bins of values and of differences. */
  values: { from: number; to: number };
  differences: { from: number; to: number };
  /** Float64 each: how many are in each bin. */
  left: ArrayBuffer;
  right: ArrayBuffer;
  difference: ArrayBuffer;
  /** Share of the elements that were counted. */
  share: number;
}

export interface DiffCells {
  /** Float64: largest |difference| of each cell's elements, row by row; NaN where there is none. */
  most: ArrayBuffer;
  /** Uint32: elements of a cell that are finite on one side only. */
  notFinite: ArrayBuffer;
  share: number;
}

export interface DiffValues {
  /** Float64 each, row by row. */
  left: ArrayBuffer;
  right: ArrayBuffer;
}

export interface LogitFacts {
  positions: number;
  /** Mean over positions, in nats. */
  divergence: number;
  /** Share of positions, 0 to 1. */
  agreement: number;
  prompt: string;
}

/** Everything that is known when the view comes up. */
export interface DiffSnapshot {
  left: SideFacts;
  right: SideFacts;
  /** Null while it is being opened. */
  table: PairTable | null;
  /** Float64: rows × metrics; NaN in `count` where a row has not been compared yet. Null before the first. */
  numbers: ArrayBuffer | null;
  progress: DiffProgress;
  logits: LogitFacts | null;
  /** Why nothing can be compared. */
  problem: ViewProblem | null;
  /** Why logits cannot be compared; null when they can, or when it is not known yet. */
  noLogits: string | null;
}

export interface DiffProgress {
  bytesDone: number;
  bytesTotal: number;
  seconds: number;
  isDone: boolean;
}

export interface DiffCellsRequest {
  row: number;
  region: Region;
  /** Rows and columns of elements in a cell; those at the lower and right ends may be smaller. */
  cell: { rows: number; columns: number };
}

export type ExportFormat = 'json' | 'csv' | 'html';

/** Every request of the view, with what it gets back. */
export interface DiffRequests {
  ready: { params: null; result: DiffSnapshot };
  /** Opens and compares anew. */
  again: { params: null; result: DiffSnapshot };
  /** Exchanges left and right. */
  swap: { params: null; result: DiffSnapshot };
  detail: { params: { row: number }; result: PairDetail };
  fault: { params: { row: number }; result: FaultFacts | null };
  distributions: { params: { row: number }; result: Distributions | null };
  cells: { params: DiffCellsRequest; result: DiffCells };
  values: { params: { row: number; region: Region }; result: DiffValues };
  logits: { params: null; result: LogitFacts };
  /** Asks where to; false when nothing was written. */
  export: { params: { format: ExportFormat; profile: Profile }; result: boolean };
  copy: { params: { text: string }; result: null };
  /** Lets the user choose another model for a side. */
  choose: { params: { side: 'left' | 'right' }; result: DiffSnapshot | null };
}

export type DiffRequestName = keyof DiffRequests;
export type DiffRequestMessage = {
  [K in DiffRequestName]: { id: number; request: K; params: DiffRequests[K]['params'] };
}[DiffRequestName];

/** Rows that have been compared since the last post. */
export interface DiffRows {
  type: 'rows';
  /** Uint32. */
  rows: ArrayBuffer;
  /** Float64: these rows × metrics. */
  numbers: ArrayBuffer;
  progress: DiffProgress;
  /** Rows that could not be compared after all, with why. */
  failed: [row: number, why: string][];
}

/** The snapshot is another one: ask for it. */
export interface DiffChanged {
  type: 'changed';
}

export type DiffPost = DiffRows | DiffChanged;

export type DiffHostMessage = ViewReply | DiffPost;
