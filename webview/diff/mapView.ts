/** The picture of the whole model: layers across, modules down, coloured by a metric. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { modelGrid } from '../controls/modelGrid';
import { css } from '../theme/cssProperties';
import { cssColour, rampColour, rampGradient, textOn } from '../theme/ramp';
import type { DiffApp } from './diffApp';
import {
  boundShare,
  type MapCell,
  mapLabels,
  type MapMetric,
  mapMetrics,
  type ModelMap,
  scaleTicks,
} from './modelMap';
import { MAP_ID } from './pageParts';
import { metricText, verdictWords } from './texts';

export function mapView(app: DiffApp): TemplateResult | typeof nothing {
  const { map } = app;
  if (map.layers.length === 0 && map.others.length < 2) return nothing;
  return html`
    <section class="map-section" aria-label="Model map">
      <header>
        <h3>Model map</h3>
        <label
          ><span class="visually-hidden">Coloured by</span>
          <select
            class="select"
            @change=${(event: Event) =>
              app.prefer({ metric: (event.target as HTMLSelectElement).value as MapMetric })}
          >
            ${mapMetrics.map(
              metric =>
                html`<option value=${metric} .selected=${metric === app.state.taste.metric}>
                  ${mapLabels[metric]}
                </option>`,
            )}
          </select></label
        >
        <span class="spacer"></span>
        <span class="key"><span class="cross" aria-hidden="true">×</span> beyond profile</span>
        <span class="key"><span class="missing-key" aria-hidden="true"></span> missing</span>
        ${legend(app)}
      </header>
      ${map.layers.length > 0 ? grid(app, map) : nothing}
      ${map.others.length > 0 ? others(app, map) : nothing}
      <p class="visually-hidden" aria-live="polite">${spoken(app, map)}</p>
    </section>
  `;
}

function legend(app: DiffApp): TemplateResult {
  const { taste, palette } = app.state;
  const bound = boundShare(taste.profile, taste.metric);
  const ticks = scaleTicks(taste.metric);
  return html`
    <div
      class="scale"
      role="img"
      aria-label="Colours from ${ticks[0]?.text ?? ''} to ${ticks.at(-1)?.text ?? ''}"
    >
      <span class="ramp" ${css({ background: rampGradient(palette.theme) })}></span>
      ${
        bound === undefined
          ? nothing
          : html`<span
              class="bound"
              title="Bound of the profile"
              ${css({ left: `${bound * 100}%` })}
            ></span>`
      }
      ${ticks.map(
        ({ share, text }) =>
          html`<span class="tick" ${css({ left: `${share * 100}%` })}>${text}</span>`,
      )}
    </div>
  `;
}

const grid = (app: DiffApp, map: ModelMap): TemplateResult =>
  modelGrid({
    id: MAP_ID,
    label: 'Model map',
    layout: map,
    active: app.state.mapAt,
    look: at => {
      const cell = map.cells[at];
      return (
        cell && {
          classes: [cellClass(cell)],
          colours: cellColours(app, cell),
          words: cellWords(app, cell),
          mark: mark(cell),
          isChosen: cell.row === app.chosen,
        }
      );
    },
    choose: at => {
      app.set({ mapAt: at });
      app.choose(map.cells[at]!.row);
    },
  });

const cellClass = ({ verdict }: MapCell): string =>
  verdict === 'missing' || verdict === 'unused' ? 'missing' : verdict;

const mark = ({ verdict }: MapCell): string =>
  verdict === 'mismatch' ? '×' : verdict === 'missing' || verdict === 'unused' ? '–' : '';

function cellColours({ state }: DiffApp, { share, verdict }: MapCell): Record<string, string> {
  if (Number.isNaN(share) || verdict === 'missing' || verdict === 'unused')
    return { background: 'transparent', color: 'inherit' };
  const colour = rampColour(state.palette.theme, share);
  return { background: cssColour(colour), color: textOn(colour) };
}

function cellWords(app: DiffApp, { row, verdict, parameters }: MapCell): string {
  const { table, state } = app;
  const metrics = table.metricsOf(row);
  const { metric } = state.taste;
  const number = metrics
    ? `, ${mapLabels[metric].replace('1 − ', '')} ${metricText(metric, metrics)}`
    : '';
  const others = parameters > 1 ? `, the worst of ${parameters}` : '';
  return `${table.names[row]}: ${verdictWords[verdict]}${number}${others}`;
}

const others = (app: DiffApp, { others: all }: ModelMap): TemplateResult => html`
  <div class="map-others">
    ${all.map(
      ({ label, cell }) => html`
        <button
          class="map-cell ${cellClass(cell)} ${cell.row === app.chosen ? 'chosen' : ''}"
          title=${cellWords(app, cell)}
          ${css(cellColours(app, cell))}
          @click=${() => app.choose(cell.row)}
        >
          ${label}${app.table.byOf(cell.row) === 'tied' ? ', tied' : ''} ${mark(cell)}
        </button>
      `,
    )}
  </div>
`;

function spoken(app: DiffApp, map: ModelMap): string {
  const { mapAt } = app.state;
  const cell = mapAt === null ? undefined : map.cells[mapAt];
  return cell ? cellWords(app, cell) : '';
}
