/** One example: its tokens or its text by what becomes of them, and its counts. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText } from '../../src/curves/numberText';
import type { LabelExample, LabelMark, LabelToken } from '../../src/protocol/labelsView';
import type { LabelsApp } from './labelsApp';

export const markWords: Readonly<Record<LabelMark, string>> = {
  trained: 'trained',
  masked: 'masked',
  cut: 'cut',
};

export function exampleView(app: LabelsApp, example: LabelExample, place: number): TemplateResult {
  const { shows, chosen } = app.state;
  const isChosen = place === chosen;
  return html`
    <li
      class="example ${isChosen ? 'chosen' : ''}"
      aria-current=${isChosen ? 'true' : nothing}
      @click=${() => app.set({ chosen: place })}
    >
      <header>
        <h2>Example ${countText(example.index)}</h2>
        <span class="faint">${countsOf(example)}</span>
      </header>
      ${shows === 'tokens' ? tokens(example) : text(example)}
    </li>
  `;
}

function countsOf({ tokens: all }: LabelExample): string {
  const of = (mark: LabelMark) => all.filter(token => token.mark === mark).length;
  const parts = (['trained', 'masked', 'cut'] as const)
    .filter(mark => mark !== 'cut' || of(mark) > 0)
    .map(mark => `${countText(of(mark))} ${mark}`);
  return `${countOf(all.length, 'token')}: ${parts.join(', ')}`;
}

/** Screen readers hear the stretches, not thousands of tokens. */
const tokens = (example: LabelExample): TemplateResult => html`
  <p class="tokens" aria-hidden="true">
    ${example.tokens.map(
      token =>
        html`<span class="token ${token.mark}" title="${token.id}, ${markWords[token.mark]}"
            >${shownText(token)}</span
          >${token.text.includes('\n') ? html`<br />` : nothing}`,
    )}
  </p>
  <p class="visually-hidden">${stretches(example)}</p>
`;

const text = (example: LabelExample): TemplateResult =>
  html`<p class="running">${stretches(example)}</p>`;

const stretches = ({ parts }: LabelExample): TemplateResult[] =>
  parts.map(
    ({ mark, text: words }) =>
      html`<span class=${mark}
        ><span class="visually-hidden">${markWords[mark]}: </span>${words}</span
      >`,
  );

/** White space can be seen. */
const shownText = ({ text: words }: LabelToken): string =>
  words.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(/^ | $/g, '·');
