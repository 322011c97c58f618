/** What the file is, in one line and a few numbers: the answer before the questions. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { amountText, bytesText, countText } from '../../src/curves/numberText';
import type { Contents, FileFacts } from '../../src/protocol/tensors';
import { iconButton, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { TensorsApp } from './tensorsApp';
import { elementsName, formatName, verdictOf } from './texts';

export function summary(app: TensorsApp, file: FileFacts, contents: Contents): TemplateResult {
  const { room } = app.state;
  const [whole] = contents.totals;
  const verdict = verdictOf(contents.format);
  return html`
    <header class="summary">
      <div class="file">
        <h1 title=${file.path}>${file.name}</h1>
        <p class="faint">
          ${formatName(contents.format)} · ${bytesText(file.bytes)} · ${file.path}
        </p>
      </div>
      <span class="spacer"></span>
      ${file.isTokenBin ? asText(app) : nothing}
      ${iconButton({
        icon: 'sync',
        label: 'Read the file again',
        isDisabled: app.state.isReading,
        onClick: () => void app.reload(),
      })}
      ${iconButton({
        icon: 'question',
        label: 'Keys (?)',
        isPressed: app.state.isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !app.state.isHelpOpen }),
      })}
    </header>
    <ul class="facts" aria-label="Summary">
      <li title=${verdict.detail}>
        <strong>${icon('pass', 'ok')} ${verdict.word}</strong>
        <span class="faint">${verdict.of}</span>
      </li>
      ${
        file.isTokenBin
          ? nothing
          : fact(countText(whole?.tensors ?? 0), whole?.tensors === 1 ? 'Tensor' : 'Tensors')
      }
      ${fact(amountText(whole?.parameters ?? 0), elementsName(contents.format), countText(whole?.parameters ?? 0))}
      ${fact(bytesText(whole?.bytes ?? 0), 'Tensor data', `${countText(whole?.bytes ?? 0)} bytes`)}
      ${
        room === 'narrow'
          ? nothing
          : html`${fact(typesText(app), app.table.dtypes.length === 1 ? 'Type' : 'Types')}
            ${fact(countText(contents.metadata.length), 'Metadata')}`
      }
    </ul>
  `;
}

const fact = (value: string, name: string, exact?: string): TemplateResult => html`
  <li title=${exact ?? nothing}><strong>${value}</strong><span class="faint">${name}</span></li>
`;

const SHOWN_TYPES = 2;

/** The most used first. */
function typesText({ table }: TensorsApp): string {
  const counts = table.countByDtype({
    words: '',
    dtype: null,
    prefix: null,
    sorting: { by: 'file', isDescending: false },
  });
  const names = [...counts].sort(([, a], [, b]) => b - a).map(([dtype]) => dtype);
  const more = names.length - SHOWN_TYPES;
  return names.length === 0
    ? '–'
    : names.slice(0, SHOWN_TYPES).join(', ') + (more > 0 ? ` +${more}` : '');
}

const asText = (app: TensorsApp): TemplateResult =>
  textButton({ icon: 'output', label: 'Open as text', onClick: () => app.openAsText() });
