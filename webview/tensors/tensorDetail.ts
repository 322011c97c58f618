/** The chosen tensor: what it is, what its numbers come to, how they are spread and what they look like. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { bytesText, countText } from '../../src/curves/numberText';
import type { Statistics } from '../../src/protocol/tensors';
import { iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { heatView } from './heatView';
import { histogramView } from './histogramView';
import type { TensorsApp } from './tensorsApp';
import { shapeText, shareText, valueText } from './texts';
import type { Numbers } from './viewState';

export function tensorDetail(app: TensorsApp): TemplateResult {
  const row = app.chosen;
  if (row === undefined) return nothingChosen;
  const { table, state } = app;
  const name = table.names[row]!;
  const remark = table.remarkOf(row);
  return html`
    <div class="tensor-head">
      <h2 title=${name}>${name}</h2>
      ${iconButton({ icon: 'chevronUp', label: 'Tensor above (↑)', onClick: () => app.step(-1) })}
      ${iconButton({ icon: 'chevronDown', label: 'Tensor below (↓)', onClick: () => app.step(1) })}
      ${iconButton({
        icon: 'copy',
        label: 'Copy name (C)',
        onClick: () => void app.copy(name, 'the name'),
      })}
    </div>
    <p class="faint tensor-facts">${facts(app, row)}</p>
    ${remark?.sameAs === undefined ? nothing : tied(app, remark.sameAs)}
    ${
      remark?.unreadable !== undefined
        ? unreadable(remark.unreadable)
        : table.elementsOf(row) === 0
          ? callout('info', 'It has no elements.')
          : state.numbers === null
            ? nothing
            : numbers(app, state.numbers)
    }
  `;
}

const nothingChosen = html`
  <p class="none-chosen faint">
    Choose a tensor to see its numbers: statistics, histogram and a map of its values.
  </p>
`;

function facts({ table }: TensorsApp, row: number): TemplateResult {
  const offset = table.offsetOf(row);
  const shape = table.shapeOf(row);
  return html`${table.dtypeOf(row)} · ${shapeText(shape)}
  ${shape.length > 1 ? html`· ${countText(table.elementsOf(row))} elements` : nothing} ·
  ${bytesText(table.bytesOf(row))}
  ${offset === undefined ? nothing : html`· at byte ${countText(offset)}`}`;
}

const callout = (
  kind: 'info' | 'warning' | 'error',
  words: TemplateResult | string,
): TemplateResult => html`
  <div class="callout ${kind}">
    ${icon(kind, kind === 'error' ? 'bad' : kind === 'warning' ? 'warn' : 'faint')}<span
      >${words}</span
    >
  </div>
`;

const tied = (app: TensorsApp, other: string): TemplateResult =>
  callout(
    'info',
    html`The same memory as
      <button class="link" @click=${() => app.choose(other)}>${other}</button>`,
  );

const unreadable = (why: string): TemplateResult =>
  callout('warning', `It ${why}, which is listed here and cannot be read.`);

function numbers(app: TensorsApp, found: Numbers): TemplateResult {
  const { statistics, histogram, error } = found;
  return html`
    ${error === null ? nothing : callout('error', error)} ${progress(found)}
    ${statistics === null ? nothing : alarms(statistics)} ${heatView(app)}
    ${histogramView(app, histogram, statistics)} ${statisticsList(statistics)}
  `;
}

/** After a moment only: most tensors are read in no time. */
const PATIENCE_MS = 300;

function progress({ share, since }: Numbers): TemplateResult | typeof nothing {
  if (share === null) return nothing;
  const isSlow = performance.now() - since > PATIENCE_MS;
  const percent = Math.round(share * 100);
  return html`
    <div
      class="reading ${isSlow ? '' : 'hidden'}"
      role="progressbar"
      aria-label="Reading the tensor"
      aria-valuenow=${percent}
      aria-valuemin="0"
      aria-valuemax="100"
    >
      <span ${css({ width: `${percent}%` })}></span>
    </div>
  `;
}

/** What is worth a word before the numbers. */
function alarms(statistics: Statistics): TemplateResult | typeof nothing {
  const { nan, infinite, zeros, count, min, max } = statistics;
  if (nan + infinite > 0) {
    const parts = [
      nan > 0 ? `${countText(nan)} NaN` : '',
      infinite > 0 ? `${countText(infinite)} infinite` : '',
    ].filter(Boolean);
    const share = shareText(nan + infinite, count);
    return callout('error', html`<strong>Not all finite:</strong> ${parts.join(', ')} (${share}).`);
  }
  if (zeros === count) return callout('warning', 'Every element is zero.');
  if (min === max) return callout('info', `Every element is ${valueText(min!)}.`);
  return nothing;
}

const dash = '–';

/** From left to right, in rows of three. */
function statisticsList(statistics: Statistics | null): TemplateResult {
  const { min, max, mean, deviation, zeros, count, nan, infinite } = statistics ?? {};
  const isKnown = typeof min === 'number' && typeof max === 'number';
  const largest = isKnown ? Math.max(Math.abs(min), Math.abs(max)) : null;
  const number = (value: number | null | undefined) =>
    value === null || value === undefined ? dash : valueText(value);
  const entry = (name: string, value: string, title: string, isBad = false) => html`
    <div title=${title}>
      <dt>${name}</dt>
      <dd class=${isBad ? 'bad' : ''}>${value}</dd>
    </div>
  `;
  return html`
    <dl class="statistics" aria-label="Statistics">
      ${entry('Minimum', number(min), 'Of the finite values')}
      ${entry('Mean', number(mean), 'Of the finite values')}
      ${entry('Zeros', count === undefined ? dash : shareText(zeros!, count), `${number(zeros)} zeros`)}
      ${entry('Maximum', number(max), 'Of the finite values')}
      ${entry('Deviation', number(deviation), 'Standard deviation of the finite values')}
      ${entry('NaN', number(nan), 'Values that are no number', (nan ?? 0) > 0)}
      ${entry('Max abs', number(largest), 'Largest distance from zero')}
      ${entry('Norm', number(normOf(statistics)), 'Square root of the sum of squares')}
      ${entry('Infinite', number(infinite), 'Infinite values', (infinite ?? 0) > 0)}
    </dl>
  `;
}

function normOf(statistics: Statistics | null): number | null {
  if (statistics === null || statistics.mean === null || statistics.deviation === null) return null;
  const { count, nan, infinite, mean, deviation } = statistics;
  return Math.sqrt((count - nan - infinite) * (mean ** 2 + deviation ** 2));
}
