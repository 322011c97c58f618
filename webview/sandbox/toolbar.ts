/** The bar over the view: what is written, how columns go together, what else can be done. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { type Mode, MOST_COLUMNS } from '../../src/protocol/sandboxView';
import { iconButton, segments, textButton } from '../controls/toolkit';
import { type IconName, icon } from '../theme/icons';
import { menuOf, toggleMenu } from './menu';
import { exportItems, historyItems, moreItems } from './menuItems';
import type { SandboxApp } from './sandboxApp';
import { type Tint, tints } from './tint';

const modeOptions: readonly { value: Mode; label: string; title: string }[] = [
  { value: 'completion', label: 'Completion', title: 'A text to go on with' },
  { value: 'chat', label: 'Chat', title: 'A conversation, through the model’s chat template' },
];

export function toolbar(app: SandboxApp): TemplateResult {
  const { room, isTight } = app.state;
  const { mode } = app.document;
  return html`
    <header class="toolbar" role="toolbar" aria-label="View">
      ${segments('mode', 'What is written', modeOptions, mode, value => {
        app.set({ spot: null });
        app.edit({ mode: value });
      })}
      ${isTight ? nothing : html`<span class="divider"></span>`}
      ${room === 'narrow' ? nothing : toggles(app)}
      ${isTight ? nothing : html`<span class="divider"></span>${tintSelect(app)}`}
      <span class="spacer"></span>
      ${room === 'narrow' && !app.isEmpty ? writeButton(app) : nothing}
      ${
        room === 'narrow'
          ? nothing
          : iconButton({
              icon: 'splitHorizontal',
              label: 'Add a column',
              isDisabled: app.document.columns.length >= MOST_COLUMNS,
              onClick: () => void app.ask('addColumn', null),
            })
      }
      ${historyButton(app)}
      ${
        room === 'wide'
          ? nothing
          : iconButton({
              icon: 'gear',
              label: 'Sampling',
              isPressed: app.state.isDrawerOpen,
              onClick: () => app.set({ isDrawerOpen: !app.state.isDrawerOpen }),
            })
      }
      ${room === 'narrow' ? nothing : exportButton(app)} ${isTight ? moreButton(app) : nothing}
    </header>
  `;
}

interface Toggle {
  icon: IconName;
  label: string;
  title: string;
  isOn: boolean;
  toggle(): void;
}

function toggles(app: SandboxApp): TemplateResult {
  const { taste } = app.state;
  const { sameSeed } = app.document;
  return html`
    ${pill({
      icon: 'lock',
      label: 'Same seed',
      title: 'All columns draw with the same numbers; else each counts on from the seed',
      isOn: sameSeed,
      toggle: () => app.edit({ sameSeed: !sameSeed }),
    })}
    ${pill({
      icon: 'link',
      label: 'Scroll together',
      title: 'Scrolling one column scrolls the others',
      isOn: taste.scrollTogether,
      toggle: () => app.prefer({ scrollTogether: !taste.scrollTogether }),
    })}
  `;
}

const pill = ({ icon: name, label, title, isOn, toggle }: Toggle): TemplateResult => html`
  <button class="pill-toggle" title=${title} aria-pressed=${isOn} @click=${toggle}>
    ${icon(name)}${label}
  </button>
`;

const tintWords: Readonly<Record<Tint, string>> = {
  none: 'None',
  probability: 'Probability',
  entropy: 'Entropy',
};

const tintSelect = (app: SandboxApp): TemplateResult => html`
  <label class="tint-choice"
    ><span class="faint">Tint</span>
    <select
      class="select"
      aria-label="Tint"
      @change=${(event: Event) =>
        app.prefer({ tint: (event.target as HTMLSelectElement).value as Tint })}
    >
      ${tints.map(
        tint =>
          html`<option value=${tint} .selected=${tint === app.state.taste.tint}>
            ${tintWords[tint]}
          </option>`,
      )}
    </select>
  </label>
`;

/** In a narrow view there is room for one: what can be done now. */
function writeButton(app: SandboxApp): TemplateResult {
  if (!app.state.isTrusted)
    return shrinkingButton('shield', 'Manage trust', 'primary', () => void app.ask('trust', null));
  return app.isBusy
    ? shrinkingButton('debugStop', 'Stop', 'secondary', () => app.stop())
    : shrinkingButton('play', 'Generate', 'primary', () => app.generate());
}

/** Only its icon is left where it is very narrow. */
const shrinkingButton = (
  name: IconName,
  label: string,
  appearance: string,
  onClick: () => void,
): TemplateResult => html`
  <vscode-button class="text-button" appearance=${appearance} aria-label=${label} @click=${onClick}
    ><span class="content">${icon(name)}<span class="label">${label}</span></span></vscode-button
  >
`;

const historyButton = (app: SandboxApp): TemplateResult => html`
  <span class="menu-anchor history">
    ${iconButton({
      icon: 'history',
      id: 'history-button',
      label: 'Former texts',
      isExpanded: app.state.menu === 'history',
      onClick: () => toggleMenu(app, 'history'),
    })}
    ${menuOf(app, 'history', 'Former texts', () => historyItems(app))}
  </span>
`;

const exportButton = (app: SandboxApp): TemplateResult => html`
  <span class="menu-anchor">
    ${(app.state.isTight ? exportIcon : exportText)(app)}
    ${menuOf(app, 'export', 'Export', () => exportItems(app))}
  </span>
`;

const exportState = (app: SandboxApp) => ({
  icon: 'export' as const,
  id: 'export-button',
  label: 'Export',
  isExpanded: app.state.menu === 'export',
  onClick: () => toggleMenu(app, 'export'),
});

const exportText = (app: SandboxApp) => textButton(exportState(app));
const exportIcon = (app: SandboxApp) => iconButton(exportState(app));

const moreButton = (app: SandboxApp): TemplateResult => html`
  <span class="menu-anchor">
    ${iconButton({
      icon: 'ellipsis',
      id: 'more-button',
      label: 'More',
      isExpanded: app.state.menu === 'more',
      onClick: () => toggleMenu(app, 'more'),
    })}
    ${menuOf(app, 'more', 'More', () => moreItems(app))}
  </span>
`;
