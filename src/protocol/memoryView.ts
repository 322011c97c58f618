/**
 * What crosses between the host and the view of a memory plan: what fills the banks of a device at the
 * peak of a training step, and what would make it fit. Plain data that survives a structured clone.
 */
import type { ViewProblem, ViewReply } from './viewReply';

export interface MemoryCategory {
  readonly category: string;
  readonly title: string;
  readonly layout: string;
  readonly buffers: number;
  readonly neededBytes: number;
  readonly pageBytes: number;
  readonly pages: number;
  readonly perBankBytes: number;
  /** Of that, what holds no element. */
  readonly paddingPerBankBytes: number;
}

export interface MemoryPhase {
  readonly phase: string;
  readonly title: string;
  readonly perBankBytes: number;
  readonly isPeak: boolean;
}

export interface MemorySuggestion {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly perBankBytes: number;
  readonly fits: boolean;
  /** Keys of the config do it. */
  readonly canApply: boolean;
}

export interface MemoryFailure {
  readonly buffer: string;
  readonly category: string;
  readonly perBankBytes: number;
  readonly largestFreeBlockBytes: number;
}

export interface MemoryPlan {
  readonly about: string;
  readonly fits: boolean;
  readonly title: string;
  readonly detail: string;
  readonly banks: number;
  readonly bankBytes: number;
  readonly alignment: number;
  readonly perBankBytes: number;
  readonly shortBytes: number;
  readonly largestFreeBlockBytes: number;
  readonly lostShare: number;
  readonly largestBatch: number;
  readonly categories: readonly MemoryCategory[];
  readonly phases: readonly MemoryPhase[];
  readonly suggestions: readonly MemorySuggestion[];
  /** Two changes together. */
  readonly pairs: readonly MemorySuggestion[];
  readonly failure: MemoryFailure | null;
}

export interface MemorySnapshot {
  /** The config, as people name it in this window. */
  readonly label: string;
  /** Its URI: with it the panel is restored. */
  readonly config: string;
  readonly device: string;
  readonly devices: readonly { readonly name: string; readonly title: string }[];
  readonly plan: MemoryPlan | null;
  readonly problem: ViewProblem | null;
}

/** Every request of the view, with what it gets back. */
export interface MemoryRequests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: MemorySnapshot };
  /** A preset, or banks and bytes as `12x1071181792`. */
  choose: { params: { device: string }; result: null };
  /** Asks for banks and bytes. */
  describe: { params: null; result: null };
  /** Writes the keys of a suggestion into the config. */
  apply: { params: { id: string }; result: null };
  explain: { params: null; result: null };
  openConfig: { params: null; result: null };
  /** The path, or null when none was chosen. */
  save: { params: { kind: 'json' | 'csv' }; result: { path: string | null } };
}

export type MemoryRequestName = keyof MemoryRequests;

export type MemoryRequestMessage = {
  [K in MemoryRequestName]: { id: number; request: K; params: MemoryRequests[K]['params'] };
}[MemoryRequestName];

export type MemoryPost =
  { readonly type: 'plan'; readonly snapshot: MemorySnapshot } | { readonly type: 'shown' };

export type MemoryHostMessage = MemoryPost | ViewReply;
