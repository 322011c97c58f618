/** One layer: its numbers in each adapter, what both have in common, its singular values. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText, shortText } from '../../src/curves/numberText';
import { iconButton } from '../controls/toolkit';
import type { AdapterApp } from './adapterApp';
import { directionsOfMost, type LayerNumbers, ownMetrics, type Row } from './adapterRows';
import { spectrumView } from './spectrumView';
import { metricLabels, metricText, metricTitles, shapeText } from './texts';

export function detailPane(app: AdapterApp): TemplateResult {
  const { chosen } = app;
  return html`
    <aside class="detail" aria-label="Layer" tabindex="-1">
      ${chosen ? layerView(app, chosen) : html`<p class="choose faint">Choose a layer.</p>`}
    </aside>
  `;
}

function layerView(app: AdapterApp, row: Row): TemplateResult {
  const shape = (row.first ?? row.second)?.shape;
  return html`
    <header>
      <h2 title=${row.layer}>${row.layer}</h2>
      ${iconButton({ icon: 'copy', label: 'Copy the name (C)', onClick: () => void app.copyName() })}
    </header>
    <p class="faint note">
      ${shape ? `A weight of ${shapeText(shape)}, changed by B · A.` : ''} ${common(app, row)}
    </p>
    ${numbers(app, row)} ${spectrumView(app, row)}
  `;
}

/** What of it both adapters share, in words. */
function common({ second }: AdapterApp, { subspace, cosine, first, second: other }: Row): string {
  if (!second) return '';
  if (!first || !other) return `Only ${first ? 'A' : 'B'} changes it.`;
  if (subspace === null) return '';
  return `Subspace overlap ${metricText('subspace', subspace)}, cosine ${metricText('cosine', cosine)}.`;
}

function numbers(app: AdapterApp, { first, second }: Row): TemplateResult {
  const sides = app.second ? [first, second] : [first];
  const most = (numbers: LayerNumbers | null) =>
    numbers
      ? `${countText(directionsOfMost(numbers))} of ${countText(numbers.singularValues.length)}`
      : '–';
  return html`
    <table class="numbers">
      ${
        app.second
          ? html`<thead>
              <tr>
                <td></td>
                <th scope="col" title=${app.first?.name ?? ''}>
                  <span class="letter first">A</span>
                </th>
                <th scope="col" title=${app.second.name}><span class="letter second">B</span></th>
              </tr>
            </thead>`
          : nothing
      }
      <tbody>
        ${ownMetrics.map(
          metric =>
            html`<tr>
              <th scope="row" title=${metricTitles[metric]}>${metricLabels[metric]}</th>
              ${sides.map(one => html`<td>${metricText(metric, one?.[metric] ?? null)}</td>`)}
            </tr>`,
        )}
        <tr>
          <th scope="row" title="As few directions as hold nine tenths of ‖BA‖²">
            90 % of ‖BA‖² in
          </th>
          ${sides.map(one => html`<td>${most(one)}</td>`)}
        </tr>
        <tr>
          <th scope="row">Smallest σ</th>
          ${sides.map(one => html`<td>${one ? shortText(one.singularValues.at(-1)!) : '–'}</td>`)}
        </tr>
      </tbody>
    </table>
  `;
}
