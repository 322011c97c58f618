/**
 * What crosses between the host and the view of a file of tensors. The view asks, the host gives
 * exactly one reply to each request and posts what happens on its own. The table is sent once, as
 * columns; numbers are asked for by part. Plain data that survives a structured clone.
 */
import type { Region } from './matrix';
import type { ViewReply } from './viewReply';

/** Everything about the file but the numbers in it. */
export interface Snapshot {
  file: FileFacts;
  /** What was found; null when the file cannot be opened. */
  contents: Contents | null;
  problem: Problem | null;
}

export interface FileFacts {
  /** Without its folder. */
  name: string;
  /** As people name it in this window. */
  path: string;
  /** Of the file on the disk; 0 when there is none. */
  bytes: number;
  /** It can be shown as text by its tokenizer. */
  isTokenBin: boolean;
}

export interface Problem {
  code: string;
  /** For people: what, where, what to do. */
  message: string;
  /** Of the file, where it is known. */
  byte: number | null;
}

export interface Contents {
  /** `safetensors`, `torch`, `npz`, `npy`, `onnx` or `tokens`. */
  format: string;
  table: Table;
  totals: TotalsRow[];
  /** Texts and single values beside the tensors. */
  metadata: [key: string, text: string][];
}

/** Columns with a row for each tensor; types and shapes are numbered. */
export interface Table {
  names: string[];
  dtypes: string[];
  /** Uint8: index into `dtypes`. */
  dtypeOf: ArrayBuffer;
  shapes: number[][];
  /** Uint32: index into `shapes`. */
  shapeOf: ArrayBuffer;
  /** Float64. */
  bytes: ArrayBuffer;
  /** Float64: byte of the file where it begins; NaN where it does not lie there as it is. */
  offsets: ArrayBuffer;
  remarks: Remark[];
}

export interface Remark {
  row: number;
  /** Another tensor that is the same memory. */
  sameAs?: string;
  /** Why it cannot be read. */
  unreadable?: string;
}

/** Totals of the tensors whose names begin with `prefix`; the first row is of all. */
export interface TotalsRow {
  prefix: string;
  level: number;
  tensors: number;
  parameters: number;
  bytes: number;
}

export interface Statistics {
  count: number;
  nan: number;
  infinite: number;
  zeros: number;
  /** Of the finite numbers; null where there are none. */
  min: number | null;
  max: number | null;
  mean: number | null;
  deviation: number | null;
}

export interface Histogram {
  /** Ends of the bins, which are equally wide. */
  from: number;
  to: number;
  /** Float64: numbers in each. */
  counts: ArrayBuffer;
  /** Beyond either end. */
  below: number;
  above: number;
}

export interface CellsRequest {
  tensor: string;
  region: Region;
  rows: number;
  columns: number;
}

export interface Cells {
  /** Float64 each: extremes of a cell's numbers, row by row; NaN where none is finite. */
  min: ArrayBuffer;
  max: ArrayBuffer;
  /** Uint32: numbers of a cell that are not finite. */
  notFinite: ArrayBuffer;
  /** Share of the region's elements that were looked at; 1 = all. */
  share: number;
}

export interface Values {
  /** Float64, row by row. */
  numbers: ArrayBuffer;
  /** As they are, for whole numbers of 64 bits. */
  exact: string[] | null;
}

/** Every request of the view, with what it gets back. */
export interface Requests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: Snapshot };
  /** Reads the file anew, as when it was written again. */
  reload: { params: null; result: Snapshot };
  /**
   * Statistics of a tensor, and then its histogram, for which it is read once more. A request for
   * another tensor ends the one before, whose reply is then null.
   */
  statistics: { params: { tensor: string }; result: Statistics | null };
  histogram: { params: { tensor: string }; result: Histogram | null };
  cells: { params: CellsRequest; result: Cells };
  values: { params: { tensor: string; region: Region }; result: Values };
  copy: { params: { text: string }; result: null };
  /** Shows a bin of tokens as text. */
  openAsText: { params: null; result: null };
}

export type RequestName = keyof Requests;

export type RequestMessage = {
  [K in RequestName]: { id: number; request: K; params: Requests[K]['params'] };
}[RequestName];

/** How much of a tensor has been read for its statistics. */
export interface Progress {
  type: 'progress';
  tensor: string;
  /** 0 to 1. */
  share: number;
}

/** The file is not any more what was opened. */
export interface FileChanged {
  type: 'fileChanged';
  /** It is gone. */
  isMissing: boolean;
}

export type Post = Progress | FileChanged;

export type HostMessage = ViewReply | Post;
