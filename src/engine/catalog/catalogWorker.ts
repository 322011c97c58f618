/** The thread in which the folders of models are looked at. */
import { serve } from '../isolate/serve';
import { answerAboutModels, type CatalogQuestion } from './catalog';

serve(question => answerAboutModels(question as CatalogQuestion));
