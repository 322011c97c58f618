/** A thread that compares parts of two models. */
import { serve } from '../isolate/serve';
import { type CompareQuestion, Comparer } from './comparer';

const comparer = new Comparer();
serve(question => comparer.answer(question as CompareQuestion));
