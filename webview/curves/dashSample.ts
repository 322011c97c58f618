/** A piece of a run's line, for legends and lists. */
import { type TemplateResult, nothing, svg, html } from 'lit/html.js';
import { dashOf } from '../../src/curves/seriesStyle';

export function dashSample(slot: number, colour: string, width = 24): TemplateResult {
  const dash = dashOf(slot);
  return html`<svg class="dash" width=${width} height="8" aria-hidden="true">
    ${svg`<line x1="0" x2=${width} y1="4" y2="4" stroke=${colour} stroke-width="2"
      stroke-dasharray=${dash.length > 0 ? dash.join(' ') : nothing} />`}
  </svg>`;
}
