/** How tokens are drawn: sliders with numbers, stop texts, and the command that does it again. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { MOST_NEW_TOKENS, type Sampling } from '../../src/protocol/sandboxView';
import { checkbox, iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { repeatPanel } from './repeatPanel';
import type { SandboxApp } from './sandboxApp';
import { stopChips } from './stopChips';

interface Setting {
  key: 'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'maxTokens';
  label: string;
  title: string;
  /** Of the slider; the number beside it may go further. */
  from: number;
  to: number;
  step: number;
  least: number;
  most: number;
  digits: number;
}

const settings: readonly Setting[] = [
  {
    key: 'temperature',
    label: 'Temperature',
    title: 'Below 1 sharpens the probabilities, above flattens them',
    ...{ from: 0, to: 2, step: 0.05, least: 0, most: 100, digits: 2 },
  },
  {
    key: 'topK',
    label: 'Top-k',
    title: 'Only the k most likely tokens; 0 = all',
    ...{ from: 0, to: 128, step: 1, least: 0, most: 10_000_000, digits: 0 },
  },
  {
    key: 'topP',
    label: 'Top-p',
    title: 'Only the likeliest tokens that reach p together; 1 = all',
    ...{ from: 0, to: 1, step: 0.01, least: 0, most: 1, digits: 2 },
  },
  {
    key: 'minP',
    label: 'Min-p',
    title: 'Only tokens at least p times as likely as the likeliest; 0 = all',
    ...{ from: 0, to: 1, step: 0.01, least: 0, most: 1, digits: 2 },
  },
  {
    key: 'repetitionPenalty',
    label: 'Repetition penalty',
    title: 'Above 1 discourages tokens that occurred; 1 = off',
    ...{ from: 1, to: 2, step: 0.01, least: 0.01, most: 100, digits: 2 },
  },
  {
    key: 'maxTokens',
    label: 'Max new tokens',
    title: 'A text ends there at the latest',
    ...{ from: 1, to: 512, step: 1, least: 1, most: MOST_NEW_TOKENS, digits: 0 },
  },
];

export function samplingPanel(app: SandboxApp): TemplateResult {
  const { sampling, columns } = app.document;
  const of = columns.length === 1 ? '' : columns.length === 2 ? ', both columns' : ', all columns';
  return html`
    <div class="side-head">
      <h2 class="section-title">Sampling${of}</h2>
      ${
        app.state.room === 'wide'
          ? nothing
          : iconButton({
              icon: 'close',
              label: 'Close',
              onClick: () => app.set({ isDrawerOpen: false }),
            })
      }
    </div>
    ${settings.map(setting => settingRow(app, setting))} ${seedRow(app)}
    <div class="greedy">
      ${checkbox('Greedy, ignore sampling', sampling.greedy, greedy => app.sample({ greedy }))}
    </div>
    <section class="side-section">
      <h2 class="section-title">Stop</h2>
      ${stopChips(app)}
    </section>
    ${repeatPanel(app)}
  `;
}

/** Greedy has no use for most of them. */
const isIdle = ({ greedy }: Sampling, key: Setting['key']): boolean =>
  greedy && key !== 'maxTokens' && key !== 'repetitionPenalty';

function settingRow(app: SandboxApp, setting: Setting): TemplateResult {
  const { key, label, title, from, to, step, digits } = setting;
  const { sampling } = app.document;
  const value = sampling[key];
  const share = Math.min(1, Math.max(0, (value - from) / (to - from)));
  const isDisabled = isIdle(sampling, key);
  const change = (event: Event) => {
    const { valueAsNumber } = event.target as HTMLInputElement;
    app.sample({ [key]: within(setting, valueAsNumber) });
  };
  return html`
    <div class="setting ${isDisabled ? 'idle' : ''}" title=${title}>
      <label for="number-${key}">${label}</label>
      ${numberField(app, setting, isDisabled)}
      <input
        type="range"
        aria-label=${label}
        min=${from}
        max=${to}
        step=${step}
        ?disabled=${isDisabled}
        .value=${String(value)}
        aria-valuetext=${value.toFixed(digits)}
        ${css({ '--share': `${share * 100}%` })}
        @input=${change}
      />
    </div>
  `;
}

const within = ({ least, most, digits }: Setting, value: number): number =>
  Number(Math.min(most, Math.max(least, Number.isNaN(value) ? least : value)).toFixed(digits));

function numberField(app: SandboxApp, setting: Setting, isDisabled: boolean): TemplateResult {
  const { key, step, least, most, digits } = setting;
  const text = app.document.sampling[key].toFixed(digits);
  return html`<input
    type="number"
    id="number-${key}"
    class="field number"
    min=${least}
    max=${most}
    step=${step}
    ?disabled=${isDisabled}
    .value=${text}
    @change=${(event: Event) => {
      const field = event.target as HTMLInputElement;
      const value = field.value === '' ? Number(text) : within(setting, field.valueAsNumber);
      field.value = value.toFixed(digits);
      app.sample({ [key]: value });
    }}
  />`;
}

const MOST_SEED = 2 ** 32 - 1;

function seedRow(app: SandboxApp): TemplateResult {
  const { seed, greedy } = app.document.sampling;
  return html`
    <div class="setting seed ${greedy ? 'idle' : ''}" title="The same seed draws the same tokens">
      <label for="number-seed">Seed</label>
      <input
        type="number"
        id="number-seed"
        class="field number wide"
        min="0"
        max=${MOST_SEED}
        step="1"
        ?disabled=${greedy}
        .value=${String(seed)}
        @change=${(event: Event) => {
          const field = event.target as HTMLInputElement;
          const given = Math.trunc(field.valueAsNumber);
          const value = Number.isNaN(given) ? seed : Math.min(MOST_SEED, Math.max(0, given));
          field.value = String(value);
          app.sample({ seed: value });
        }}
      />
      ${iconButton({
        icon: 'refresh',
        label: 'Another seed',
        isDisabled: greedy,
        onClick: () => app.reseed(),
      })}
    </div>
  `;
}

/** In a narrow view, instead of the panel. */
export function samplingLine(app: SandboxApp): TemplateResult {
  const { temperature, topK, topP, seed, maxTokens, greedy } = app.document.sampling;
  const texts = greedy
    ? ['greedy', `max ${maxTokens}`]
    : [
        `T ${temperature.toFixed(2)}`,
        topK > 0 ? `top-k ${topK}` : '',
        topP < 1 ? `top-p ${topP.toFixed(2)}` : '',
        `seed ${seed}`,
        `max ${maxTokens}`,
      ];
  return html`
    <div class="sampling-line">
      <span class="sampling-facts faint"
        >${texts.filter(text => text !== '').map(text => html`<span>${text}</span>`)}</span
      >
      <button class="link" @click=${() => app.set({ isDrawerOpen: true })}>Edit</button>
    </div>
  `;
}
