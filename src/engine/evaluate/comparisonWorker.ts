/** The thread in which two evaluations are compared: drawing them a thousand times takes a moment. */
import { disk } from '../files/fileSystem';
import { serve } from '../isolate/serve';
import { compareEvaluations, type ComparedSide } from './compareEvaluations';
import { readPlan, readSamples } from './evaluationFolder';

/** Folders of evaluations. */
export interface ComparisonQuestion {
  readonly own: string;
  readonly baseline: string;
}

serve(question => {
  const { own, baseline } = question as ComparisonQuestion;
  return compareEvaluations(sideAt(own), sideAt(baseline));
});

const sideAt = (dir: string): ComparedSide => ({
  id: readPlan(disk, dir).id,
  samples: readSamples(disk, dir),
});
