/** What the adapters are and do, in words first, then as facts; of more than two, how each pair overlaps. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { amountText, countOf, countText, shortText } from '../../src/curves/numberText';
import type { AdapterEntry, InspectedAdapter } from '../../src/protocol/adapterView';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { AdapterApp } from './adapterApp';
import { mean, overlapByChance, overlapOf, type Row, type Side } from './adapterRows';
import { metricText, sideLetters } from './texts';

export const summary = (app: AdapterApp): TemplateResult => html`
  ${app.first?.adapter ? verdict(app) : nothing}
  <div class="cards">
    ${card(app, 'first', app.first)} ${app.second ? card(app, 'second', app.second) : nothing}
  </div>
  ${(app.state.snapshot?.adapters.length ?? 0) > 2 ? pairs(app) : nothing}
`;

function verdict(app: AdapterApp): TemplateResult | typeof nothing {
  const { all, state } = app;
  // what cannot be compared is not spoken of as if it were
  const second = app.second?.problem ? undefined : app.second;
  const [strong, faint] = second?.adapter ? ofBoth(all) : ofOne(all);
  if (second?.adapter && state.snapshot?.isReading) return nothing;
  return html`<p class="verdict" role="status">
    <strong>${strong}</strong> <span class="faint">${faint}</span>
  </p>`;
}

function ofOne(rows: readonly Row[]): [strong: string, faint: string] {
  const known = rows.flatMap(({ first }) => first ?? []);
  const most = known.reduce((a, b) => (b.norm > a.norm ? b : a));
  if (most.norm === 0) return ['Changes nothing yet', 'all of B is zero, as before training'];
  const strongest = known.reduce((a, b) => ((b.share ?? 0) > (a.share ?? 0) ? b : a));
  const rank = mean(known.map(({ effectiveRank }) => effectiveRank)).toFixed(1);
  const where =
    strongest.share === null
      ? `most ${most.layer}, ‖BA‖ ${shortText(most.norm)}`
      : `most ${strongest.layer}, by ${metricText('share', strongest.share)} of its norm`;
  return [
    `Changes ${countOf(known.length, 'layer')}`,
    `${where} · effective rank ${rank} of ${most.singularValues.length} on average`,
  ];
}

function ofBoth(rows: readonly Row[]): [strong: string, faint: string] {
  const shared = rows.filter(({ subspace }) => subspace !== null);
  const only = (side: Side, other: Side) =>
    rows.filter(row => row[side] !== null && row[other] === null).length;
  const alone = `${countOf(only('first', 'second'), 'layer')} only in A, ${countText(only('second', 'first'))} only in B`;
  if (shared.length === 0) return ['No layer is changed by both', alone];
  const subspace = mean(shared.map(row => row.subspace!));
  const cosine = mean(shared.map(row => row.cosine!));
  return [
    `Subspace overlap ${metricText('subspace', subspace)}, cosine ${metricText('cosine', cosine)}`,
    `on average over ${countOf(shared.length, 'layer')} that both change · overlap by chance ${metricText('subspace', overlapByChance(rows))} · ${alone}`,
  ];
}

function card(app: AdapterApp, side: Side, entry: AdapterEntry | undefined): TemplateResult {
  const { snapshot } = app.state;
  const count = snapshot?.adapters.length ?? 0;
  const at = entry ? snapshot!.adapters.indexOf(entry) : 0;
  const letter = sideLetters[side];
  return html`
    <section class="adapter-card ${side}" aria-label="Adapter ${count > 1 ? letter : ''}">
      <header>
        ${count > 1 ? html`<span class="letter ${side}" aria-hidden="true">${letter}</span>` : nothing}
        ${count > 2 ? nameSelect(app, side) : html`<h2 title=${entry?.path ?? ''}>${entry?.name}</h2>`}
        <span class="spacer"></span>
        ${
          count > 1
            ? iconButton({
                icon: 'close',
                label: `Remove ${entry?.name ?? ''}`,
                onClick: () => void app.ask('remove', { at }),
              })
            : nothing
        }
      </header>
      ${
        entry?.problem
          ? html`<p class="callout error" role="alert">
              ${icon('error', 'bad')}<span>${entry.problem.message}</span>
            </p>`
          : nothing
      }
      ${entry?.adapter ? facts(app, entry, entry.adapter, at) : nothing}
      ${
        entry && !entry.adapter && !entry.problem
          ? html`<p class="faint" role="status">${icon('loading', 'active', true)} Reading</p>`
          : nothing
      }
    </section>
  `;
}

const nameSelect = (app: AdapterApp, side: Side): TemplateResult => html`
  <select
    class="select"
    aria-label="Adapter ${sideLetters[side]}"
    @change=${(event: Event) =>
      app.show({ ...app.shown, [side]: Number((event.target as HTMLSelectElement).value) })}
  >
    ${app.state.snapshot?.adapters.map(
      ({ name }, at) =>
        html`<option value=${at} .selected=${at === app.shown[side]}>${name}</option>`,
    )}
  </select>
`;

function facts(
  app: AdapterApp,
  { baseProblem }: AdapterEntry,
  adapter: InspectedAdapter,
  at: number,
): TemplateResult {
  const { rank, alpha, scaling, isAlphaStored, isRankStabilised, targets } = adapter;
  const rule = isRankStabilised ? 'rsLoRA, α ÷ √r' : 'α ÷ r';
  const all: [label: string, value: unknown][] = [
    ['Rank', countText(rank)],
    ['Alpha', `${shortText(alpha)}${isAlphaStored ? '' : ', not stored: twice the rank'}`],
    ['Scaling', `${shortText(scaling)} (${rule})`],
    [
      'Parameters',
      `${amountText(adapter.parameters)} in ${countOf(adapter.layers.length, 'layer')}`,
    ],
    ['Targets', html`<span title=${targets.join(', ')}>${targetsText(targets)}</span>`],
    ['Base', base(app, adapter, at)],
  ];
  return html`
    <dl class="facts">
      ${all.map(
        ([label, value]) =>
          html`<div>
            <dt class="faint">${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${
      baseProblem === null
        ? nothing
        : html`<p class="callout warning" role="status">
            ${icon('warning', 'warn')}<span>${baseProblem}</span>
          </p>`
    }
  `;
}

/** Parts of names; whole names, as in a notebook's file, by their last part. */
function targetsText(targets: readonly string[]): string {
  const parts = [...new Set(targets.map(target => target.split('.').at(-1)!))];
  return parts.length > 8 ? `${parts.slice(0, 8).join(', ')}, …` : parts.join(', ');
}

const base = (app: AdapterApp, { base: named, baseDir }: InspectedAdapter, at: number) => html`
  <span title=${baseDir ?? ''}>${named ?? (baseDir === null ? 'not named' : baseDir)}</span>
  ${
    baseDir === null
      ? html`<span class="faint">not here, </span
          ><button class="link" @click=${() => void app.ask('chooseBase', { at })}>
            choose its folder…
          </button>`
      : nothing
  }
`;

/** Mean subspace overlap of each pair; choosing one shows it. */
function pairs(app: AdapterApp): TemplateResult {
  const { adapters } = app.state.snapshot!;
  return html`
    <section class="pairs" aria-label="Overlap of all">
      <h3>Overlap of all</h3>
      <table>
        <thead>
          <tr>
            <td></td>
            ${adapters.map(({ name }) => html`<th scope="col" title=${name}>${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${adapters.map(
            ({ name }, first) =>
              html`<tr>
                <th scope="row" title=${name}>${name}</th>
                ${adapters.map((_, second) => html`<td>${pairButton(app, first, second)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
  `;
}

function pairButton(app: AdapterApp, first: number, second: number) {
  if (first === second) return html`<span class="faint">·</span>`;
  const { snapshot } = app.state;
  const layers = overlapOf(snapshot!, { first, second });
  const words = layers.length === 0 ? '–' : metricText('subspace', mean(layers.map(l => l.subspace))); // prettier-ignore
  const isShown = app.shown.first === first && app.shown.second === second;
  const [one, other] = [first, second].map(at => snapshot!.adapters[at]!.name);
  return html`<button
    class="pair ${isShown ? 'on' : ''}"
    aria-pressed=${isShown}
    aria-label="${one} and ${other}: ${words}"
    @click=${() => app.show({ first, second })}
  >
    ${words}
  </button>`;
}
