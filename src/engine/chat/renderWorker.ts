/** The thread in which chat templates are rendered. */
import { serve } from '../isolate/serve';
import { type RenderRequest, renderTemplate } from './renderTemplate';

serve(request => renderTemplate(request as RenderRequest));
