/** What a merge of an adapter says: how far it is, and whether the result is the same model. */

export type MergedDtype = 'float32' | 'float16' | 'bfloat16';

/** Into the weights as the base's files hold them, or as NF4 does. */
export type MergedOnto = 'original' | 'nf4';

export interface Merged {
  readonly dir: string;
  readonly bytes: number;
  /** Layers that the adapter changes. */
  readonly adapted: number;
  /** Numbers of each type. */
  readonly dtypes: readonly MergedDtype[];
}

export interface Equivalence {
  /** Of the logits, over the largest of the first model. */
  readonly largest: number;
  readonly largestAt: { readonly position: number; readonly token: number };
  /** Share of positions at which both say the same token. */
  readonly agreement: number;
  /** Positions compared. */
  readonly positions: number;
  /** Mean over positions, in nats: of the second model's distribution from the first's. */
  readonly divergence: number;
  readonly isEquivalent: boolean;
}

export interface MergeProgress {
  readonly type: 'progress';
  readonly weight: string;
  readonly done: number;
  readonly total: number;
}

/**
 * `limit` is the largest difference that rounding explains; both are left out without a check.
 * `quantisation` is how far the adapter over the original weights is, of a merge onto others.
 */
export type MergeDone = { readonly type: 'done' } & Merged & {
    readonly onto: MergedOnto;
    readonly equivalence?: Equivalence;
    readonly limit?: number;
    readonly quantisation?: Equivalence;
  };

/** What `merge --json --progress` prints, a line each. */
export type MergeSaid = MergeProgress | MergeDone;
