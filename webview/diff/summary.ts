/** The verdict in numbers: how many match, what logits say, how fast it went. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { bytesText, countText, durationText, shortText } from '../../src/curves/numberText';
import { type IconName, icon } from '../theme/icons';
import { css } from '../theme/cssProperties';
import type { DiffApp } from './diffApp';
import type { Show } from './diffTable';
import { percentText } from './texts';

export function summary(app: DiffApp): TemplateResult {
  const counts = app.table.counts();
  const isNarrow = app.state.room === 'narrow';
  return html`
    <ul class="facts" aria-label="Result">
      ${fact({ app, count: counts.match, label: 'Matched', icon: 'pass', role: 'ok', show: 'all' })}
      ${fact({ app, count: counts.mismatch, label: 'Mismatched', icon: 'error', role: counts.mismatch > 0 ? 'bad' : 'faint', show: 'mismatched' })}
      ${fact({ app, count: counts.missing, label: 'Missing right', icon: 'circleSlash', role: counts.missing > 0 ? 'warn' : 'faint', show: 'missing' })}
      ${fact({ app, count: counts.transformed, label: 'Transformed', icon: 'arrowSwap', role: 'faint', show: 'transformed' })}
      ${
        isNarrow
          ? nothing
          : html`${fact({ app, count: counts.unused, label: 'Unused right', icon: 'circleSmall', role: counts.unused > 0 ? 'warn' : 'faint', show: 'missing' })}
            ${logits(app)} ${speed(app)}`
      }
    </ul>
  `;
}

interface Fact {
  app: DiffApp;
  count: number;
  label: string;
  icon: IconName;
  role: 'ok' | 'bad' | 'warn' | 'faint';
  show: Show;
}

const fact = ({ app, count, label, icon: name, role, show }: Fact): TemplateResult => html`
  <li>
    <button class="fact" title="Show these" @click=${() => app.look({ show })}>
      <strong>${countText(count)}</strong>
      <span class="faint">${icon(name, role)} ${label}</span>
    </button>
  </li>
`;

function logits(app: DiffApp): TemplateResult {
  const { logits: found, logitsNote } = app.state;
  if (found)
    return html`
      <li title="Mean over ${found.positions} positions of ${found.prompt}">
        <strong>${shortText(found.divergence)}</strong><span class="faint">KL of logits</span>
      </li>
      <li>
        <strong>${percentText(100 * found.agreement)}</strong
        ><span class="faint">Top-1 agreement, ${countText(found.positions)} tokens</span>
      </li>
    `;
  return html`
    <li class="logits">
      <button class="link" @click=${() => void app.compareLogits()}>Compare logits</button>
      <span class="faint" title=${logitsNote ?? nothing}
        >${logitsNote ?? 'runs both models on the same tokens'}</span
      >
    </li>
  `;
}

function speed(app: DiffApp): TemplateResult {
  const { bytesDone, bytesTotal, seconds, isDone } = app.state.progress;
  const rate = `${bytesText(bytesDone / Math.max(seconds, 1e-3))}/s`;
  if (isDone)
    return html`
      <li class="speed">
        <strong>${bytesText(bytesTotal)} in ${durationText(seconds)}</strong
        ><span class="faint">${rate}</span>
      </li>
    `;
  const share = bytesTotal === 0 ? 0 : bytesDone / bytesTotal;
  return html`
    <li class="speed" role="status">
      <strong>${bytesText(bytesDone)} of ${bytesText(bytesTotal)}</strong
      ><span class="faint">${rate}</span>
      <span class="progress"><span ${css({ width: `${(100 * share).toFixed(1)}%` })}></span></span>
    </li>
  `;
}
