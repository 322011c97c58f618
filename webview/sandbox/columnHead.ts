/** The head of a column: its model, how it is run, how far it has come. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { wholeName } from '../../src/protocol/pickedModel';
import type { Column, Outcome } from '../../src/protocol/sandboxView';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { adapterChips } from './adapterChips';
import { statsLine } from './columnsView';
import { menuOf, toggleMenu } from './menu';
import { columnItems, runItems } from './menuItems';
import { lineSample } from './ribbonView';
import type { SandboxApp } from './sandboxApp';
import { runText, statusText } from './words';

export function columnHead(app: SandboxApp, column: Column, slot: number): TemplateResult {
  const { sameSeed, sampling } = app.document;
  const seed = sameSeed || sampling.greedy ? null : sampling.seed + slot;
  const isNarrow = app.state.room === 'narrow';
  const outcome = app.outcomeOf(column.id);
  return html`
    <header class="column-head">
      <div class="column-line">
        ${lineSample(slot)}
        <button
          class="model-button"
          title=${column.model ? `${wholeName(column.model)}\n${column.model.path}` : 'Choose a model'}
          @click=${() => void app.ask('chooseModel', { column: column.id, what: 'model' })}
        >
          <span>${nameOf(app, column)}</span>${icon('chevronDown')}
        </button>
        <span class="spacer"></span>
        ${outcome ? status(outcome, isNarrow || app.areColumnsTight) : nothing}
        ${
          isNarrow
            ? nothing
            : iconButton({
                icon: 'copy',
                label: 'Copy text',
                isDisabled: !outcome || outcome.tokens.length === 0,
                onClick: () => copyText(app, column),
              })
        }
        <span class="menu-anchor">
          ${iconButton({
            icon: 'ellipsis',
            label: 'More about this column',
            isExpanded: app.state.menu === `column:${column.id}`,
            onClick: () => toggleMenu(app, `column:${column.id}`),
          })}
          ${menuOf(app, `column:${column.id}`, 'Column', () => columnItems(app, column))}
        </span>
      </div>
      <div class="run-line menu-anchor">
        <button
          class="run-button"
          title="How the model is run"
          aria-haspopup="menu"
          aria-expanded=${app.state.menu === `run:${column.id}`}
          @click=${() => {
            toggleMenu(app, `run:${column.id}`);
            void app.findDevices();
          }}
        >
          ${runText(column, seed)}
        </button>
        ${menuOf(app, `run:${column.id}`, 'How the model is run', () => runItems(app, column))}
        ${isNarrow ? html`<span class="faint stats-line">${statsLine(app, column)}</span>` : nothing}
      </div>
      ${adapterChips(app, column)}
    </header>
  `;
}

function nameOf(app: SandboxApp, { model }: Column): string {
  if (!model) return 'Choose a model…';
  return app.areColumnsTight && app.state.room !== 'narrow' ? model.short : model.name;
}

function copyText(app: SandboxApp, column: Column): void {
  app.prefer({ column: column.id });
  void app.copy('text', 'The text is copied');
}

function status({ status }: Outcome, isShort: boolean): TemplateResult {
  const words = statusText(status);
  const mark = () => {
    switch (status.kind) {
      case 'waiting':
        return icon('circleSmall', 'faint');
      case 'opening':
      case 'streaming':
        return icon('loading', 'active', true);
      case 'failed':
        return icon('error', 'bad');
      case 'ended':
        return status.reason === 'cancelled' ? icon('debugStop', 'faint') : icon('pass', 'ok');
    }
  };
  return html`<span class="status" title=${words}
    >${mark()}<span class=${isShort ? 'visually-hidden' : 'faint'}>${words}</span></span
  >`;
}
