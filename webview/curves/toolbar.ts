/** The bar over the view: what the axes count, how curves are smoothed, what else can be done. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { Axis } from '../../src/protocol/curves';
import { checkbox, iconButton, segments, textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import type { CurvesApp } from './curvesApp';
import { menuOf } from './menu';
import { exportItems, compareItems, viewItems } from './menuItems';
import type { MenuName } from './viewState';

const axes: readonly { value: Axis; label: string; title: string }[] = [
  { value: 'step', label: 'Step', title: 'Optimizer updates' },
  { value: 'tokens', label: 'Tokens', title: 'Tokens trained on' },
  { value: 'seconds', label: 'Time', title: 'Time in which the run was worked on' },
];

export function toolbar(app: CurvesApp): TemplateResult {
  const { room, isTight } = app.state;
  return html`
    <header class="toolbar" role="toolbar" aria-label="View">
      ${room === 'medium' ? drawerButton(app) : nothing} ${axisControls(app)} ${smoothing(app)}
      ${isTight ? nothing : html`<span class="divider"></span>${layerControls(app)}`}
      <span class="spacer"></span>
      ${room === 'narrow' ? nothing : zoomButton(app)}
      ${iconButton({
        icon: 'table',
        label: 'Show as table (T)',
        isPressed: app.state.taste.table,
        onClick: () => app.prefer({ table: !app.state.taste.table }),
      })}
      ${room === 'narrow' ? nothing : compareButton(app)} ${exportButton(app)}
      ${isTight ? moreButton(app) : nothing}
    </header>
  `;
}

export const toggleMenu = (app: CurvesApp, name: MenuName): void =>
  app.set({ menu: app.state.menu === name ? null : name });

function axisControls(app: CurvesApp): TemplateResult {
  const { taste, room, isTight } = app.state;
  const short = room !== 'wide';
  const scales = (axis: string) =>
    [
      { value: 'linear', label: short ? 'Lin' : 'Linear', title: `Linear ${axis} axis` },
      { value: 'log', label: 'Log', title: `Logarithmic ${axis} axis` },
    ] as const;
  const choose = (value: string) => value === 'log';
  return html`
    ${room === 'wide' ? html`<span class="axis-name">x</span>` : nothing}
    ${segments('axis', 'Horizontal axis', axes, taste.axis, axis => app.prefer({ axis, zoom: null }))}
    ${
      !isTight
        ? segments(
            'x-scale',
            'Scale of the horizontal axis',
            scales('x'),
            scaleName(taste.xLog),
            v => app.prefer({ xLog: choose(v), zoom: null }),
          )
        : nothing
    }
    ${room === 'wide' ? html`<span class="axis-name">y</span>` : nothing}
    ${segments('y-scale', 'Scale of the vertical axis', scales('y'), scaleName(taste.yLog), v =>
      app.prefer({ yLog: choose(v) }),
    )}
  `;
}

const scaleName = (isLog: boolean) => (isLog ? 'log' : 'linear');

/** Slider positions 0 to 100: hundredths, and at its end 0.999 for very long runs. */
const positionOf = (smoothing: number): number =>
  smoothing > 0.99 ? 100 : Math.round(smoothing * 100);
const smoothingAt = (position: number): number => (position >= 100 ? 0.999 : position / 100);

function smoothing(app: CurvesApp): TemplateResult {
  const { taste, room } = app.state;
  const position = positionOf(taste.smoothing);
  const text = position === 100 ? '0.999' : taste.smoothing.toFixed(2);
  return html`
    ${room === 'wide' ? html`<span class="divider"></span>` : nothing}
    <label class="smoothing" title="Weight β of the exponential moving average">
      <span class=${room === 'wide' ? '' : 'visually-hidden'}>Smoothing</span>
      <input
        type="range"
        min="0"
        max="100"
        step="1"
        .value=${String(position)}
        ${css({ '--share': `${position}%` })}
        aria-valuetext=${text}
        @input=${(event: Event) =>
          app.prefer({ smoothing: smoothingAt((event.target as HTMLInputElement).valueAsNumber) })}
      />
      <output>${text}</output>
    </label>
  `;
}

const layerControls = (app: CurvesApp): TemplateResult => html`
  ${checkbox('Raw', app.state.taste.raw, raw => app.prefer({ raw }))}
  ${checkbox('Validation', app.state.taste.validation, validation => app.prefer({ validation }))}
`;

const zoomButton = (app: CurvesApp): TemplateResult =>
  iconButton({
    icon: 'zoomOut',
    label: 'Show everything (0)',
    isDisabled: app.state.taste.zoom === null,
    onClick: () => app.zoomTo(null),
  });

const compareButton = (app: CurvesApp): TemplateResult => html`
  <span class="menu-anchor">
    ${iconButton({
      icon: 'diff',
      id: 'compare-button',
      label: 'Compare configs of two runs',
      isDisabled: app.state.runs.size < 2,
      isExpanded: app.state.menu === 'compare',
      onClick: () => toggleMenu(app, 'compare'),
    })}
    ${menuOf(app, 'compare', 'Compare configs', () => compareItems(app))}
  </span>
`;

const exportButton = (app: CurvesApp): TemplateResult => html`
  <span class="menu-anchor">
    ${
      app.state.room === 'narrow'
        ? iconButton({
            icon: 'export',
            id: 'export-button',
            label: 'Export',
            isExpanded: app.state.menu === 'export',
            onClick: () => toggleMenu(app, 'export'),
          })
        : textButton({
            icon: 'export',
            id: 'export-button',
            label: 'Export',
            isExpanded: app.state.menu === 'export',
            onClick: () => toggleMenu(app, 'export'),
          })
    }
    ${menuOf(app, 'export', 'Export', () => exportItems(app))}
  </span>
`;

const moreButton = (app: CurvesApp): TemplateResult => html`
  <span class="menu-anchor">
    ${iconButton({
      icon: 'ellipsis',
      id: 'view-button',
      label: 'More',
      isExpanded: app.state.menu === 'view',
      onClick: () => toggleMenu(app, 'view'),
    })}
    ${menuOf(app, 'view', 'More', () => viewItems(app))}
  </span>
`;

const drawerButton = (app: CurvesApp): TemplateResult =>
  iconButton({
    icon: 'list',
    label: 'Runs',
    isPressed: app.state.isDrawerOpen,
    onClick: () => app.set({ isDrawerOpen: !app.state.isDrawerOpen }),
  });
