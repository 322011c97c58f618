/** One parameter: the likely cause first, then the way to it, where it differs, and by how much. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { breachText, type MetricName } from '../../src/protocol/diffMetrics';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { chainView } from './chainView';
import type { DiffApp } from './diffApp';
import { spreadView } from './spreadView';
import { correlationText, differenceText, metricText, verdictWords } from './texts';
import { tilesView } from './tilesView';

export function detailPane(app: DiffApp): TemplateResult {
  const { chosen } = app;
  if (chosen === undefined)
    return html`
      <aside class="detail" aria-label="Parameter">
        <p class="choose faint">
          ${app.state.progress.isDone ? 'Choose a parameter' : 'Comparing. Choose a parameter to look into it.'}
        </p>
      </aside>
    `;
  const name = app.table.names[chosen]!;
  const isCompared = app.table.isCompared(chosen);
  return html`
    <aside class="detail" aria-label="Parameter">
      <header>
        <h2 title=${name}>${name}</h2>
        <span class="spacer"></span>
        ${iconButton({ icon: 'chevronUp', label: 'Former mismatch (Shift+F8)', onClick: () => app.stepProblem(-1) })}
        ${iconButton({ icon: 'chevronDown', label: 'Next mismatch (F8)', onClick: () => app.stepProblem(1) })}
        ${iconButton({ icon: 'copy', label: 'Copy the name (C)', onClick: () => void app.copy(name, 'the name') })}
      </header>
      ${verdictCallout(app, chosen)} ${error(app)} ${chainView(app)}
      ${isCompared ? html`${tilesView(app)} ${spreadView(app)} ${metrics(app, chosen)}` : nothing}
    </aside>
  `;
}

function verdictCallout(app: DiffApp, row: number): TemplateResult | typeof nothing {
  const { table, state } = app;
  const verdict = table.verdictOf(row);
  const note = table.noteOf(row);
  if (verdict === 'match' || verdict === 'waiting' || verdict === 'ignored')
    return note === undefined ? nothing : html`<p class="note faint">${note}</p>`;
  if (verdict !== 'mismatch')
    return html`
      <div class="callout warning" role="note">
        ${icon('circleSlash', 'warn')}<span>It is ${verdictWords[verdict]}.</span>
      </div>
    `;
  const fault = state.detail?.row === row ? state.detail.fault : undefined;
  const reasons = table.breachesOf(row).map(breachText).join('; ');
  if (!fault)
    return html`
      <div class="callout error" role="note">
        ${icon('error', 'bad')}<span
          >${reasons || note || 'Both sides cannot be compared'}${
            fault === undefined && table.isCompared(row)
              ? html`<span class="faint">. Looking for the cause</span>`
              : nothing
          }</span
        >
      </div>
    `;
  const { message, repair, repaired } = fault;
  return html`
    <div class="callout error fault" role="note">
      ${icon('error', 'bad')}<span
        ><strong>${message}.</strong>${
          repaired && repair
            ? html` ${repair}: PCC ${correlationText(repaired.pcc)}, relative L2
              ${differenceText(repaired.relL2)}.`
            : nothing
        }
        <button
          class="link"
          aria-expanded=${state.isProofShown}
          @click=${() => app.set({ isProofShown: !state.isProofShown })}
        >
          ${state.isProofShown ? 'Hide proof' : 'Show proof'}
        </button>
        ${state.isProofShown ? proof(app, row, reasons) : nothing}</span
      >
    </div>
  `;
}

function proof(app: DiffApp, row: number, reasons: string): TemplateResult {
  const m = app.table.metricsOf(row);
  const fault = app.state.detail?.fault;
  const repaired = fault?.repaired;
  return html`
    <table class="proof">
      <thead>
        <tr>
          <th scope="col"></th>
          <th scope="col">PCC</th>
          <th scope="col">Relative L2</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">as it is</th>
          <td>${m ? correlationText(m.pcc) : '–'}</td>
          <td>${m ? differenceText(m.relL2) : '–'}</td>
        </tr>
        ${
          repaired
            ? html`<tr>
                <th scope="row">${fault.repair?.toLowerCase()}</th>
                <td>${correlationText(repaired.pcc)}</td>
                <td>${differenceText(repaired.relL2)}</td>
              </tr>`
            : nothing
        }
      </tbody>
    </table>
    <p class="faint">${reasons}</p>
    ${
      fault && fault.rows.length > 0
        ? html`<p class="faint">
            Rows ${fault.rows.map(([from, to]) => `${from} to ${to - 1}`).join(', ')}
          </p>`
        : nothing
    }
  `;
}

const error = ({ state }: DiffApp): TemplateResult | typeof nothing =>
  state.detail?.error === undefined
    ? nothing
    : html`<div class="callout error" role="alert">
        ${icon('error', 'bad')}<span>${state.detail.error}</span>
      </div>`;

const shown: readonly (readonly [MetricName, string])[] = [
  ['maxAbs', 'Max abs'],
  ['relL2', 'Relative L2'],
  ['rmseOverSigma', 'RMSE / σ'],
  ['pcc', 'PCC'],
  ['ccc', 'CCC'],
  ['cosine', 'Cosine'],
  ['ulp50', 'ULP p50'],
  ['ulp99', 'ULP p99'],
  ['equalAs', 'Equal'],
  ['sqnrDb', 'SQNR'],
  ['maxAbsAt', 'Max at'],
  ['nanLeft', 'NaN, Inf'],
  ['maxRel', 'Max rel'],
  ['ulpMax', 'ULP max'],
  ['equalBits', 'Equal bits'],
];

function metrics(app: DiffApp, row: number): TemplateResult {
  const { table, state } = app;
  const m = table.metricsOf(row)!;
  const broken = new Set<string>(table.breachesOf(row).map(({ metric }) => metric));
  const format = state.detail?.row === row ? state.detail.chain?.format : undefined;
  const text = (name: MetricName): string => {
    if (name === 'maxAbsAt') return placeText(m.maxAbsAt, table.shapeOf(row));
    if (name === 'nanLeft') return `${m.nanLeft + m.nanRight}, ${m.infLeft + m.infRight}`;
    return metricText(name, m);
  };
  const label = (name: MetricName, words: string) =>
    name === 'equalAs' && format
      ? `Equal as ${format.replace('bfloat16', 'bf16').replace('float', 'f')}`
      : words;
  return html`
    <dl class="metrics">
      ${shown.map(
        ([name, words]) => html`
          <div>
            <dt>${label(name, words)}</dt>
            <dd class=${broken.has(name) ? 'broken' : ''}>
              ${broken.has(name) ? html`<span class="visually-hidden">beyond the bound: </span>` : nothing}${text(name)}
            </dd>
          </div>
        `,
      )}
    </dl>
  `;
}

function placeText(element: number, shape: readonly number[]): string {
  if (Number.isNaN(element)) return '–';
  const indices: number[] = [];
  let rest = element;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indices.join(', ');
}
