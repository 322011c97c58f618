/** The picture of an adapter: layers across, modules down, coloured by a metric. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { modelGrid } from '../controls/modelGrid';
import { segments } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { cssColour, rampColour, rampGradient, textOn } from '../theme/ramp';
import type { AdapterApp } from './adapterApp';
import type { AdapterMap, MapCell } from './adapterMap';
import { isOwn, type Metric, metrics } from './adapterRows';
import { MAP_ID } from './pageParts';
import { metricLabels, metricText, metricTitles, sideLetters } from './texts';

export function mapView(app: AdapterApp): TemplateResult | typeof nothing {
  const { map, metric } = app;
  if (map.layout.layers.length === 0 && map.others.length === 0) return nothing;
  return html`
    <section class="map-section" aria-label="Map of the layers">
      <header>
        <h3>${app.state.room === 'narrow' ? 'Layers' : 'Layers by modules'}</h3>
        ${metricSelect(app)}
        ${
          app.second && isOwn(metric)
            ? segments(
                'side',
                'Of which adapter',
                [
                  { value: 'first', label: sideLetters.first, title: app.first?.name ?? '' },
                  { value: 'second', label: sideLetters.second, title: app.second.name },
                ],
                app.side,
                side => app.prefer({ side }),
              )
            : nothing
        }
        <span class="spacer"></span>
        ${legend(app, map)}
      </header>
      ${map.layout.layers.length > 0 ? grid(app, map) : nothing}
      ${map.others.length > 0 ? others(app, map) : nothing}
      <p class="visually-hidden" aria-live="polite">${spoken(app, map)}</p>
    </section>
  `;
}

const metricSelect = (app: AdapterApp): TemplateResult => html`
  <label
    ><span class="visually-hidden">Coloured by</span>
    <select
      class="select"
      title=${metricTitles[app.metric]}
      @change=${(event: Event) =>
        app.prefer({ metric: (event.target as HTMLSelectElement).value as Metric })}
    >
      ${metrics
        .filter(one => app.second !== undefined || isOwn(one))
        .map(
          one =>
            html`<option value=${one} .selected=${one === app.metric}>
              ${metricLabels[one]}
            </option>`,
        )}
    </select></label
  >
`;

function legend(app: AdapterApp, { end }: AdapterMap): TemplateResult {
  const isShare = app.metric === 'subspace' || app.metric === 'cosine';
  const last = isShare ? (app.metric === 'cosine' ? '±1' : '1') : metricText(app.metric, end);
  return html`
    <div class="scale" role="img" aria-label="Colours from 0 to ${last}">
      <span class="ramp" ${css({ background: rampGradient(app.state.palette.theme) })}></span>
      <span class="tick start">0</span>
      <span class="tick end">${last}</span>
    </div>
  `;
}

const grid = (app: AdapterApp, map: AdapterMap): TemplateResult =>
  modelGrid({
    id: MAP_ID,
    label: `Layers by ${metricLabels[app.metric]}`,
    layout: map.layout,
    active: app.state.mapAt,
    look: at => {
      const cell = map.cells[at];
      return (
        cell && {
          classes: Number.isNaN(cell.share) ? ['waiting'] : [],
          colours: coloursOf(app, cell),
          words: wordsOf(app, cell),
          mark: markOf(cell),
          isChosen: cell.row === app.chosen,
        }
      );
    },
    choose: at => {
      app.set({ mapAt: at });
      app.choose(map.cells[at]!.row);
    },
  });

const markOf = ({ value }: MapCell): string => (value !== null && value < 0 ? '−' : '');

function coloursOf({ state }: AdapterApp, { share }: MapCell): Record<string, string> {
  if (Number.isNaN(share)) return { background: '', color: 'inherit' };
  const colour = rampColour(state.palette.theme, share);
  return { background: cssColour(colour), color: textOn(colour) };
}

function wordsOf(app: AdapterApp, { row, value, count }: MapCell): string {
  const others = count > 1 ? `, the largest of ${count}` : '';
  const number = value === null ? 'no number' : metricText(app.metric, value);
  return `${row.layer}: ${metricLabels[app.metric]} ${number}${others}`;
}

const others = (app: AdapterApp, { others: all }: AdapterMap): TemplateResult => html`
  <div class="map-others">
    ${all.map(
      ({ label, cell }) => html`
        <button
          class="map-cell ${cell.row === app.chosen ? 'chosen' : ''}"
          title=${wordsOf(app, cell)}
          ${css(coloursOf(app, cell))}
          @click=${() => app.choose(cell.row)}
        >
          ${label} ${markOf(cell)}
        </button>
      `,
    )}
  </div>
`;

function spoken(app: AdapterApp, map: AdapterMap): string {
  const { mapAt } = app.state;
  const cell = mapAt === null ? undefined : map.cells[mapAt];
  return cell ? wordsOf(app, cell) : '';
}
