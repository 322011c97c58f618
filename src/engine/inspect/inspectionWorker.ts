/** The thread in which a file of tensors is looked at. */
import { serve } from '../isolate/serve';
import type { Question } from './inspection';
import { Inspection } from './inspection';

const inspection = new Inspection();
serve(question => inspection.answer(question as Question));
