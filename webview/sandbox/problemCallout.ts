/** What went wrong in a column, and what can be done about it, in place. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { isRuntimeDevice } from '../../src/protocol/devices';
import type { Column } from '../../src/protocol/sandboxView';
import type { ViewProblem } from '../../src/protocol/viewReply';
import { textButton } from '../controls/toolkit';
import { type IconName, icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';

interface Remedy {
  label: string;
  icon: IconName;
  apply(): void;
}

export function columnProblem(app: SandboxApp, column: Column): TemplateResult | typeof nothing {
  const outcome = app.outcomeOf(column.id);
  if (outcome?.status.kind !== 'failed') return nothing;
  const { problem } = outcome.status;
  return html`
    <div class="callout error" role="alert">
      ${icon('error', 'bad')}<span>${problem.message}</span>
      <span class="remedies">
        ${remedies(app, column, problem).map(({ label, icon: name, apply }) =>
          textButton({ icon: name, label, onClick: apply }),
        )}
      </span>
    </div>
  `;
}

function remedies(app: SandboxApp, column: Column, { code }: ViewProblem): Remedy[] {
  const { id, backend, device } = column;
  const again: Remedy = {
    label: 'Try again',
    icon: 'refresh',
    apply: () => void app.ask('regenerate', { column: id }),
  };
  const chooseModel: Remedy = {
    label: 'Choose another model…',
    icon: 'folderOpened',
    apply: () => void app.ask('chooseModel', { column: id, what: 'model' }),
  };
  const inBits = (bits: 4 | 8): Remedy => ({
    label: `Use int${bits}`,
    icon: 'play',
    apply: () => {
      void app.ask('setColumn', { column: id, run: { backend, device, bits } });
      void app.ask('regenerate', { column: id });
    },
  });
  const onCpu: Remedy = {
    label: 'Use the CPU',
    icon: 'play',
    apply: () => {
      void app.ask('setColumn', { column: id, run: { backend, device: 'cpu', bits: column.bits } });
      void app.ask('regenerate', { column: id });
    },
  };
  const trust: Remedy = {
    label: 'Manage workspace trust',
    icon: 'shield',
    apply: () => void app.ask('trust', null),
  };
  const restart: Remedy = {
    label: 'Start the engine again',
    icon: 'play',
    apply: () => void app.ask('restartEngine', null),
  };
  const toCompletion: Remedy = {
    label: 'Switch to completion',
    icon: 'list',
    apply: () => app.edit({ mode: 'completion' }),
  };
  if (code === 'host.untrusted') return [trust];
  if (code === 'engine.down') return [restart];
  if (code === 'engine.no-memory')
    return isRuntimeDevice(device) ? [inBits(8), inBits(4)] : [onCpu];
  if (code.startsWith('chat.')) return [toCompletion, chooseModel];
  const isOfModel = /^(model|weights|safetensors|tokenizer|adapter)\./.test(code);
  if (isOfModel || code === 'generate.no-tokenizer') return [chooseModel];
  return device === 'cpu' ? [again] : [again, onCpu];
}
