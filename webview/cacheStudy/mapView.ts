/** How far each layer is from the full cache: by adapter, or by token of one of them. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { menuView } from '../controls/menu';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { cssColour, rampColour, rampGradient, textOn } from '../theme/ramp';
import type { CacheStudyApp } from './cacheStudyApp';
import { MAP_ID } from './keys';
import { measures } from './taste';
import { tokenMapView } from './tokenMapView';
import { cellText, heatShare, measured, measureNames, sideOf, tokenName } from './words';

export function mapView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { taste, palette } = app.state;
  return html`
    <section class="map-part" aria-label="Errors">
      <div class="part-head">
        <h2>${taste.byToken ? 'Error by layer and token' : 'Error by layer and adapter'}</h2>
        ${measureMenu(app)}
        <span class="spacer"></span>
        <span class="legend" aria-hidden="true">
          ${icon('check', 'ok')}<span class="ok-word">exact</span>
          <span class="ramp-legend">
            <span class="ramp" ${css({ background: rampGradient(palette.theme) })}></span>
            <span class="ramp-ends"
              ><span>0.01</span><span>1</span
              ><span>${taste.measure.endsWith('l2') ? '100 %' : '100'}</span></span
            >
          </span>
        </span>
      </div>
      <div class="map">${taste.byToken ? tokenMapView(app, report) : gridView(app, report)}</div>
      ${lineView(app, report)}
    </section>
  `;
}

const measureMenu = (app: CacheStudyApp): TemplateResult => {
  const { menu, taste } = app.state;
  return html`
    <span class="menu-anchor">
      ${textButton({
        label: measureNames[taste.measure],
        isExpanded: menu === 'measure',
        onClick: () => app.toggleMenu('measure'),
      })}
      ${
        menu === 'measure'
          ? menuView({
              label: 'What the cells say',
              checks: 'one',
              items: measures.map(measure => ({
                label: measureNames[measure],
                isChecked: measure === taste.measure,
                choose: () => app.prefer({ measure }),
              })),
              close: () => app.set({ menu: null }),
            })
          : nothing
      }
    </span>
  `;
};

/** Above so many layers cells are too narrow for numbers. */
const NUMBER_WIDTH = 30;
const NAME_WIDTH = 104;

function gridView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { layers } = report.model;
  const numbers = Array.from({ length: layers }, (_, i) => i);
  const hasNumbers = (app.state.mapWidth - NAME_WIDTH) / layers >= NUMBER_WIDTH;
  const chosen = app.adapter?.adapter;
  return html`
    <div
      class="grid ${hasNumbers ? '' : 'dense'}"
      id=${MAP_ID}
      role="grid"
      tabindex="0"
      aria-label="Errors of ${measureNames[app.state.taste.measure]} by adapter and layer"
      aria-rowcount=${report.adapters.length + 1}
      aria-colcount=${layers + 1}
      aria-activedescendant="cell-chosen"
      ${css({ '--layers': String(layers) })}
    >
      ${report.adapters.map(
        ({ adapter }) => html`
          <div class="grid-row ${adapter === chosen ? 'chosen' : ''}" role="row">
            <span class="name" role="rowheader" title=${adapter}>${adapter}</span>
            ${numbers.map(layer => cellView(app, adapter, layer))}
          </div>
        `,
      )}
      <div class="grid-row axis" role="row">
        <span class="name" role="columnheader">layer</span>
        ${numbers.map(
          layer =>
            html`<span role="columnheader" class=${layer === app.layer ? 'chosen' : ''}
              >${hasNumbers || layer % 4 === 0 ? layer : ''}</span
            >`,
        )}
      </div>
    </div>
  `;
}

function cellView(app: CacheStudyApp, adapter: string, layer: number): TemplateResult {
  const { measure } = app.state.taste;
  const errors = app.variant && app.resultOf(adapter, app.variant.variant)?.layers[layer];
  if (!errors) return html`<span class="cell" role="gridcell"></span>`;
  const isExact = errors[`${sideOf(measure)}_exact`];
  const value = measured(errors, measure);
  const isChosen = adapter === app.adapter?.adapter && layer === app.layer;
  const colour = rampColour(app.state.palette.theme, heatShare(value));
  const said = isExact ? 'exact but for rounding' : cellText(value);
  return html`
    <span
      class="cell ${isExact ? 'exact' : ''} ${isChosen ? 'chosen' : ''}"
      role="gridcell"
      id=${isChosen ? 'cell-chosen' : nothing}
      aria-selected=${isChosen}
      aria-label="${adapter}, layer ${layer}: ${said}"
      title="${adapter}, layer ${layer}: ${said}"
      @click=${() => app.chooseCell(adapter, layer)}
      @dblclick=${() => app.prefer({ byToken: true })}
      ${css(isExact ? { background: '', color: '' } : { background: cssColour(colour), color: textOn(colour) })}
      >${isExact ? icon('check', 'ok') : html`<span class="number">${cellText(value)}</span>`}</span
    >
  `;
}

/** What is looked at, in words. */
function lineView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { taste } = app.state;
  const { adapter, layer, result } = app;
  const errors = result?.layers[layer];
  if (!adapter || !errors) return html``;
  const side = sideOf(taste.measure);
  const token = errors[`${side}_worst_token`];
  const piece = tokenName(report, token);
  const unit = taste.measure.endsWith('l2') ? '\u2009%' : '';
  const words = errors[`${side}_exact`]
    ? 'exact but for rounding'
    : `${cellText(measured(errors, taste.measure))}${unit}, worst at token ${token}${piece}`;
  return html`
    <p class="line">
      <span>${adapter.adapter}, layer ${layer}: ${words}</span>
      <button type="button" class="link" @click=${() => app.prefer({ byToken: !taste.byToken })}>
        ${taste.byToken ? 'Show by adapter' : 'Show by token'}
      </button>
      <span class="spacer"></span>
      <span class="faint exactness">${exactnessWords(app)}</span>
    </p>
  `;
}

/** Why the exact layers are, of the adapter that is looked at. */
function exactnessWords({ adapter, result, state }: CacheStudyApp): string {
  if (!adapter || !result) return '';
  const side = sideOf(state.taste.measure);
  const exact = result.layers.filter(l => l[`${side}_exact`]).map(l => l.layer);
  if (result.strategy === 'full') return 'The truth that the others are compared with';
  if (exact.length === 0)
    return result.strategy === 'base' || side === 'k'
      ? 'Nothing is kept of what the adapter adds'
      : 'Exact only in fp32 at the own rank';
  const last = exact.at(-1)!;
  return last === 0
    ? 'Layer 0 is exact: same input for every adapter'
    : `Layers 0 to ${last} are exact: same input for every adapter`;
}
