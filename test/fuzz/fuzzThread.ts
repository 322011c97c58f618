/** A thread that fuzzes a part of a target, so that a hang or a crash of it can be seen from outside. */
import { serve } from '../../src/engine/isolate/serve';
import { Finding, fuzz } from './fuzzTarget';
import { targets } from './targets';

export interface FuzzTask {
  target: string;
  from: number;
  to: number;
  folder: string;
}

serve(request => {
  const { target, from, to, folder } = request as FuzzTask;
  try {
    return fuzz(targets[target]!, from, to, folder);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    return { caseNumber: error.caseNumber, bytes: error.bytes, message: error.message };
  }
});
