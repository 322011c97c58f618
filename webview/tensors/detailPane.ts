/** What stands beside the table: the chosen tensor, the totals, or the metadata. */
import { type TemplateResult, html } from 'lit/html.js';
import type { Contents } from '../../src/protocol/tensors';
import { segments } from '../controls/toolkit';
import { metadataView } from './metadataView';
import type { Pane } from './taste';
import type { TensorsApp } from './tensorsApp';
import { tensorDetail } from './tensorDetail';
import { totalsView } from './totalsView';

const choices: readonly { value: Pane; label: string; title: string }[] = [
  { value: 'tensor', label: 'Tensor', title: 'Numbers of the chosen tensor (1)' },
  { value: 'totals', label: 'Totals', title: 'What prefixes come to (2)' },
  { value: 'metadata', label: 'Metadata', title: 'What stands beside the tensors (3)' },
];

export function detailPane(app: TensorsApp, contents: Contents): TemplateResult {
  const { pane } = app.state.taste;
  const panes: Record<Pane, () => TemplateResult> = {
    tensor: () => tensorDetail(app),
    totals: () => totalsView(app, contents.totals),
    metadata: () => metadataView(app, contents.metadata),
  };
  return html`
    <aside class="detail" aria-label="Details">
      <div class="detail-head">
        ${segments('pane', 'Details', choices, pane, value => app.prefer({ pane: value }))}
      </div>
      <div class="detail-body ${pane}" tabindex="-1">${panes[pane]()}</div>
    </aside>
  `;
}
