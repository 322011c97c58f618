/**
 * What crosses between the host and the view of what a run would learn: examples token by token, and
 * what the run would take. Plain data that survives a structured clone.
 */
import type { ViewProblem, ViewReply } from './viewReply';

/** `cut`: beyond the length of a row, so that the model never sees it. */
export type LabelMark = 'trained' | 'masked' | 'cut';

export interface LabelToken {
  readonly id: number;
  readonly text: string;
  readonly mark: LabelMark;
}

export interface LabelExample {
  /** Of the training examples, from 0. */
  readonly index: number;
  readonly tokens: readonly LabelToken[];
  /** The text in stretches of tokens with the same mark. */
  readonly parts: readonly { readonly mark: LabelMark; readonly text: string }[];
}

export interface LabelTotals {
  readonly examples: number;
  readonly tokens: Readonly<Record<LabelMark, number>>;
  /** Examples without a trained token. */
  readonly unmarked: number;
  /** Examples that are cut before the answer begins. */
  readonly cutBefore: number;
  /** Examples of which a part is cut. */
  readonly cut: number;
  readonly rows: number;
  /** Tokens of a row. */
  readonly rowLength: number;
  /** Of all tokens of rows, the share that holds nothing. */
  readonly padding: number;
}

/** What starting the run would take. */
export interface RunCard {
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** What speaks against it; the first that forbids it is an error. */
  readonly warnings: readonly { readonly isError: boolean; readonly message: string }[];
}

export interface LabelsSnapshot {
  /** The config, as people name it in this window. */
  readonly label: string;
  /** Its URI: with it the panel is restored. */
  readonly config: string;
  readonly examples: readonly LabelExample[];
  readonly totals: LabelTotals | null;
  readonly card: RunCard | null;
  readonly isReading: boolean;
  readonly problem: ViewProblem | null;
  readonly isTrusted: boolean;
}

/** Every request of the view, with what it gets back. */
export interface LabelsRequests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: LabelsSnapshot };
  /** Reads the examples from this one on. */
  read: { params: { from: number }; result: null };
  train: { params: null; result: null };
  openConfig: { params: null; result: null };
  openPlan: { params: null; result: null };
  trust: { params: null; result: null };
}

export type LabelsRequestName = keyof LabelsRequests;

export type LabelsRequestMessage = {
  [K in LabelsRequestName]: { id: number; request: K; params: LabelsRequests[K]['params'] };
}[LabelsRequestName];

export type LabelsPost =
  | { type: 'labels'; snapshot: LabelsSnapshot }
  /** The view is in sight again and asks anew. */
  | { type: 'shown' };

export type LabelsHostMessage = ViewReply | LabelsPost;
