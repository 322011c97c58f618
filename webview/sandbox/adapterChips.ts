/** The adapters on a column's model: each on or off, with a weight, and one more. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  type AdapterUse,
  type Column,
  LARGEST_WEIGHT,
  MOST_ADAPTERS,
  type PickedAdapter,
} from '../../src/protocol/sandboxView';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';

const STEP = 0.05;

export function adapterChips(app: SandboxApp, column: Column): TemplateResult | typeof nothing {
  const adapters = column.model?.adapters ?? [];
  if (adapters.length === 0) return nothing;
  return html`
    <ul class="adapters" aria-label="Adapters">
      ${repeat(
        adapters,
        ({ dir }) => dir,
        adapter => html`<li>${chip(app, column, adapter)}</li>`,
      )}
      <li class="adapter-add">
        ${iconButton({
          icon: 'add',
          label: 'Add an adapter',
          isDisabled: adapters.length >= MOST_ADAPTERS,
          onClick: () => addAdapter(app, column),
        })}
      </li>
    </ul>
  `;
}

export const addAdapter = (app: SandboxApp, { id }: Column): void =>
  void app.ask('chooseModel', { column: id, what: 'adapter' });

function chip(app: SandboxApp, column: Column, adapter: PickedAdapter): TemplateResult {
  const { dir, name, path, detail, weight, isOn } = adapter;
  const use = (to: AdapterUse | null) =>
    void app.ask('setAdapter', { column: column.id, adapter: dir, to });
  const about = [name, path, detail].filter(text => text !== '').join('\n');
  return html`
    <span class="adapter ${isOn ? 'on' : 'off'}">
      <button
        class="adapter-switch"
        role="switch"
        aria-checked=${isOn}
        aria-label="Adapter ${name}"
        title="${about}
${isOn ? 'On: press to switch it off' : 'Off: press to switch it on'}"
        @click=${() => use({ weight, isOn: !isOn })}
      >
        ${icon(isOn ? 'check' : 'circleSlash')}<span>${name}</span>
      </button>
      ${weightField(adapter, weight => use({ weight, isOn }))}
      <button
        class="chip-remove"
        title="Take it from the model"
        aria-label="Take ${name} from the model"
        @click=${(event: Event) => {
          focusBeside(event.currentTarget as HTMLElement);
          use(null);
        }}
      >
        ${icon('close')}
      </button>
    </span>
  `;
}

function weightField(
  { name, weight }: PickedAdapter,
  weigh: (weight: number) => void,
): TemplateResult {
  return html`<input
    type="number"
    class="field number adapter-weight"
    aria-label="Weight of ${name}"
    title="How strongly it acts: 1 as it was trained, 0 not at all, ${LARGEST_WEIGHT} at most"
    min="0"
    max=${LARGEST_WEIGHT}
    step=${STEP}
    .value=${String(weight)}
    @change=${(event: Event) => {
      const field = event.target as HTMLInputElement;
      const value = weightOf(field.valueAsNumber, weight);
      field.value = String(value);
      if (value !== weight) weigh(value);
    }}
  />`;
}

/** In steps of a thousandth; what is no number stays as it was. */
export const weightOf = (typed: number, former: number): number =>
  Number.isNaN(typed) ? former : Number(Math.min(LARGEST_WEIGHT, Math.max(0, typed)).toFixed(3));

/** The chip goes away with the focus in it. */
function focusBeside(button: HTMLElement): void {
  const chips = button.closest('.adapters')!;
  const others = [...chips.querySelectorAll<HTMLElement>('.adapter-switch')].filter(
    other => !other.parentElement!.contains(button),
  );
  const head = button.closest('.column-head')!;
  (others[0] ?? head.querySelector<HTMLElement>('.run-button'))?.focus();
}
