/** Both models, the profile that judges them, and what can be done with the comparison. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { bytesText, countOf } from '../../src/curves/numberText';
import { type ProfileName, profileNames, profiles } from '../../src/protocol/diffMetrics';
import type { ExportFormat, SideFacts } from '../../src/protocol/weightDiff';
import { type MenuItem, menuView } from '../controls/menu';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { DiffApp } from './diffApp';
import { typeText } from './texts';

export function header(app: DiffApp): TemplateResult {
  const { snapshot, open, room } = app.state;
  return html`
    <header class="header">
      ${snapshot ? side(app, 'left', snapshot.left) : nothing}
      ${iconButton({
        icon: 'arrowSwap',
        label: 'Exchange left and right',
        onClick: () => void app.begin('swap'),
      })}
      ${snapshot ? side(app, 'right', snapshot.right) : nothing}
      <span class="spacer"></span>
      ${profileSelect(app)}
      ${
        room === 'narrow'
          ? nothing
          : iconButton({
              icon: 'refresh',
              label: 'Compare again',
              onClick: () => void app.begin('again'),
            })
      }
      <span class="menu-anchor"
        >${iconButton({
          icon: 'export',
          label: 'Export',
          isExpanded: open === 'export',
          onClick: () => app.set({ open: open === 'export' ? null : 'export' }),
        })}
        ${open === 'export' ? menu(app, 'Export', exports(app)) : nothing}</span
      >
      <span class="menu-anchor"
        >${iconButton({
          icon: 'ellipsis',
          label: 'More',
          isExpanded: open === 'more',
          onClick: () => app.set({ open: open === 'more' ? null : 'more' }),
        })}
        ${open === 'more' ? menu(app, 'More', more(app)) : nothing}</span
      >
    </header>
  `;
}

const side = (app: DiffApp, which: 'left' | 'right', facts: SideFacts): TemplateResult => html`
  <button
    class="side"
    title="${facts.path}: choose another model"
    @click=${() => void app.chooseSide(which)}
  >
    <span class="side-name"
      ><span class="side-word">${which === 'left' ? 'Left' : 'Right'}</span
      ><strong>${facts.name}</strong>${icon('chevronDown', 'faint')}</span
    >
    <span class="side-facts faint">${factsText(facts)}</span>
  </button>
`;

function factsText({ what, dtypes, tensors, bytes }: SideFacts): string {
  if (what === '') return 'being opened';
  const types = dtypes.slice(0, 2).map(typeText).join(' and ');
  return [what, types, countOf(tensors, 'tensor'), bytesText(bytes)].filter(Boolean).join(', ');
}

const hints: Readonly<Record<ProfileName, string>> = {
  'bit-exact': 'every bit',
  polygraphy: '1e−5 abs and rel',
  'tt-op': 'PCC ≥ 0.9999',
  'tt-model': 'PCC ≥ 0.99',
  'tt-xla': 'PCC ≥ 0.99, 1e−2',
};

function profileSelect(app: DiffApp): TemplateResult {
  const { name } = app.state.taste.profile;
  const isOwn = name === 'own';
  return html`
    <label class="profile"
      ><span class="faint">Profile</span>
      <select
        class="select"
        aria-label="Profile"
        @change=${(event: Event) => {
          const chosen = (event.target as HTMLSelectElement).value as ProfileName;
          if (chosen in profiles) app.judge(profiles[chosen]);
        }}
      >
        ${profileNames.map(
          profile =>
            html`<option value=${profile} .selected=${profile === name}>
              ${profile}, ${hints[profile]}
            </option>`,
        )}
        ${isOwn ? html`<option value="own" .selected=${true}>own bounds</option>` : nothing}
      </select>
    </label>
  `;
}

const menu = (app: DiffApp, label: string, items: MenuItem[]): TemplateResult =>
  menuView({ label, items, checks: 'any', close: () => app.set({ open: null }) });

const exports = (app: DiffApp): MenuItem[] =>
  (
    [
      ['json', 'JSON', 'All numbers, for programs'],
      ['csv', 'CSV', 'A row for each parameter'],
      ['html', 'HTML', 'A page that needs nothing else'],
    ] as const satisfies [ExportFormat, string, string][]
  ).map(([format, label, detail]) => ({
    label,
    detail,
    choose: () => void app.export(format),
  }));

function more(app: DiffApp): MenuItem[] {
  const { chosen } = app;
  const { snapshot } = app.state;
  const name = chosen === undefined ? undefined : app.table.names[chosen];
  const command = snapshot ? commandOf(app, snapshot.left.path, snapshot.right.path) : '';
  return [
    {
      label: 'Compare again',
      icon: 'refresh',
      choose: () => void app.begin('again'),
    },
    {
      label: 'Compare logits',
      detail: 'Runs both models on the same tokens',
      choose: () => void app.compareLogits(),
    },
    {
      label: 'Copy as a command',
      startsGroup: true,
      icon: 'copy',
      choose: () => void app.copy(command, 'the command'),
    },
    {
      label: 'Copy the name',
      keys: 'C',
      isDisabled: name === undefined,
      choose: () => void app.copy(name ?? '', 'the name'),
    },
    { label: 'Keys', keys: '?', startsGroup: true, choose: () => app.set({ isHelpOpen: true }) },
  ];
}

function commandOf(app: DiffApp, left: string, right: string): string {
  const { name, pcc, relL2, maxAbs, ulp99 } = app.state.taste.profile;
  const flag = (text: string, bound: number | undefined) =>
    bound === undefined ? '' : ` --${text} ${bound}`;
  const bounds =
    name === 'own'
      ? flag('pcc', pcc) + flag('rel-l2', relL2) + flag('max-abs', maxAbs) + flag('ulp', ulp99)
      : ` --profile ${name}`;
  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  return `weightroom diff ${quoted(left)} ${quoted(right)}${bounds}`;
}
