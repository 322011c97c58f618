/** Answers what is asked about two models that are compared, one question after another, in a thread. */
import type { Chain, PairDetail } from '../../protocol/weightDiff';
import type { Region } from '../../protocol/matrix';
import { ProblemError } from '../problem';
import { Comparison, type Part } from './comparison';
import { diffCells, type CellSize, diffValues } from './diffCells';
import { distributionsOf, type DistributionCounts } from './distributions';
import { findFault } from './faults/findFault';
import type { Fault } from './faults/fault';
import { type OpenedPairs, openedPairs } from './openedPairs';
import type { Operand } from './operand';
import type { SidePaths } from './side';
import type { Totals } from './totals';

/** By name, with what each takes and gives; all of it survives a structured clone. */
export interface CompareQuestions {
  open: { params: SidePaths; result: OpenedPairs };
  compare: { params: readonly Part[]; result: readonly (Totals | Unreadable)[] };
  detail: { params: { row: number }; result: PairDetail };
  fault: { params: { row: number }; result: Fault | undefined };
  distributions: { params: { row: number }; result: DistributionCounts | undefined };
  cells: {
    params: { row: number; region: Region; cell: CellSize };
    result: ReturnType<typeof diffCells>;
  };
  values: { params: { row: number; region: Region }; result: ReturnType<typeof diffValues> };
}

/** A part that cannot be read: damaged, or of a kind that nobody reads here. */
export interface Unreadable {
  readonly unreadable: string;
}

export type CompareQuestion = {
  [K in keyof CompareQuestions]: { ask: K; params: CompareQuestions[K]['params'] };
}[keyof CompareQuestions];

export type CompareAnswer = CompareQuestions[keyof CompareQuestions]['result'];

export class Comparer {
  #comparison: Comparison | undefined;

  answer(question: CompareQuestion): CompareAnswer {
    const { ask, params } = question;
    switch (ask) {
      case 'open':
        this.close();
        this.#comparison = new Comparison(params);
        return openedPairs(this.#comparison);
      case 'compare':
        return params.map(part => this.#compare(part));
      case 'detail':
        return this.#detail(params.row);
      case 'fault':
        return findFault(this.#opened, params.row);
      case 'distributions':
        return this.#opened.isComparable(params.row)
          ? distributionsOf(this.#opened, params.row)
          : undefined;
      case 'cells':
        return diffCells(this.#opened, params.row, params.region, params.cell);
      case 'values':
        return diffValues(this.#opened, params.row, params.region);
    }
  }

  close(): void {
    this.#comparison?.close();
    this.#comparison = undefined;
  }

  #compare(part: Part): Totals | Unreadable {
    try {
      return this.#opened.compare(part);
    } catch (error) {
      if (error instanceof ProblemError) return { unreadable: error.problem.message };
      throw error;
    }
  }

  #detail(row: number): PairDetail {
    const { left, right } = this.#opened.pairs[row]!;
    const format = this.#opened.isComparable(row) ? this.#opened.formatOf(row) : null;
    return { row, left: chainOf(left), right: chainOf(right), format };
  }

  get #opened(): Comparison {
    if (!this.#comparison) throw new Error('nothing is open');
    return this.#comparison;
  }
}

function chainOf(operand: Operand | undefined): Chain | null {
  if (!operand) return null;
  const { dtype, tensor, storedShape, steps } = operand;
  const stored = { kind: 'stored', text: tensor, shape: storedShape, acts: true } as const;
  const all = steps.length > 0 ? steps : [stored];
  return { dtype, steps: all.map(step => ({ ...step, shape: [...step.shape] })) };
}
