/** Everything the view's picture depends on. Plain data; what changes it is in `evaluationApp`. */
import type { SampleFlag } from '../../src/protocol/evaluation';
import type {
  BaselineFacts,
  Comparable,
  EvaluationFacts,
  SampleDetail,
} from '../../src/protocol/evaluationView';
import type { ViewProblem } from '../../src/protocol/viewReply';
import type { Taste } from './taste';

/** How much room the view has: UI widths of 600 and 900 pixels. */
export type Room = 'narrow' | 'medium' | 'wide';

export type MenuName = 'export' | 'filter' | 'more';

export interface ViewState {
  /** `silent`: the host has not answered for a while. */
  readonly connection: 'connecting' | 'silent' | 'ready';
  readonly facts: EvaluationFacts | null;
  /** Why there are none. */
  readonly problem: ViewProblem | null;
  readonly baseline: BaselineFacts | null;
  readonly isComparing: boolean;
  readonly comparables: readonly Comparable[];
  readonly isTrusted: boolean;
  readonly room: Room;
  /** Pixels of the table's rows, and of the sample that is expanded in them. */
  readonly tableHeight: number;
  readonly detailHeight: number;
  readonly scrollTop: number;
  readonly taste: Taste;
  readonly flag: SampleFlag | null;
  /** Indices that hold the words; null = no words. */
  readonly hits: ReadonlySet<number> | null;
  /** Of the sample that is looked at, when it is there. */
  readonly detail: SampleDetail | null;
  readonly detailProblem: string | null;
  readonly menu: MenuName | null;
  readonly isHelpOpen: boolean;
  readonly notice: { readonly kind: 'info' | 'error'; readonly text: string } | null;
}
