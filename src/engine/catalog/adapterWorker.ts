/** The thread in which adapters are inspected. */
import { serve } from '../isolate/serve';
import { AdapterInspection, type AdapterQuestion } from './adapterInspection';

const inspection = new AdapterInspection();
serve(question => inspection.answer(question as AdapterQuestion));
