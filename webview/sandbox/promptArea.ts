/** What the models are to go on with: as text to write, as the template renders it, as tokens. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { iconButton, segments, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { promptTokens } from './promptTokens';
import type { SandboxApp } from './sandboxApp';
import type { PromptLook } from './taste';

/** Longer texts are no prompts, and no message to the host. */
const MOST_LETTERS = 400_000;

export function promptArea(app: SandboxApp): TemplateResult {
  const { room, isPromptOpen } = app.state;
  if (room === 'narrow' && !isPromptOpen) return promptLine(app);
  return html`
    <section class="prompt" aria-label="Prompt">
      <header class="prompt-head">
        ${
          room === 'narrow'
            ? iconButton({
                icon: 'chevronDown',
                label: 'Close the prompt',
                onClick: () => app.set({ isPromptOpen: false }),
              })
            : nothing
        }
        <h2>${app.document.mode === 'chat' ? 'Message' : 'Prompt'}</h2>
        ${tokenCount(app)} ${looks(app)}
        <span class="spacer"></span>
        ${room === 'narrow' ? nothing : buttons(app)}
      </header>
      ${body(app)}
    </section>
  `;
}

const lookWords: Readonly<Record<PromptLook, string>> = {
  text: 'Text',
  rendered: 'Rendered',
  tokens: 'Tokens',
};

/** Only a chat is rendered. */
function lookOf(app: SandboxApp): PromptLook {
  const { prompt } = app.state.taste;
  return prompt === 'rendered' && app.document.mode === 'completion' ? 'text' : prompt;
}

function looks(app: SandboxApp): TemplateResult {
  const all: PromptLook[] =
    app.document.mode === 'chat' ? ['text', 'rendered', 'tokens'] : ['text', 'tokens'];
  const options = all.map(value => ({ value, label: lookWords[value] }));
  return segments('prompt-look', 'Show the prompt as', options, lookOf(app), prompt =>
    app.prefer({ prompt }),
  );
}

const buttons = (app: SandboxApp): TemplateResult => html`
  ${
    app.document.mode === 'chat' && app.exchanges.length > 0
      ? textButton({
          icon: 'trash',
          label: 'New chat',
          onClick: () => void app.ask('clear', null),
        })
      : nothing
  }
  ${iconButton({
    icon: 'refresh',
    label: 'Write it again with another seed',
    isDisabled: app.exchange === undefined || app.isBusy,
    onClick: () => app.regenerate(),
  })}
  <vscode-button
    class="text-button"
    appearance="secondary"
    ?disabled=${!app.isBusy}
    title="Stop (Escape)"
    @click=${() => app.stop()}
    ><span class="content">${icon('debugStop')}Stop</span></vscode-button
  >
  ${
    app.state.isTrusted
      ? html`<vscode-button
          class="text-button"
          appearance="primary"
          title="Generate (Ctrl+Enter)"
          @click=${() => app.generate()}
          ><span class="content">${icon('play')}Generate</span></vscode-button
        >`
      : textButton({
          kind: 'primary',
          icon: 'shield',
          label: 'Manage workspace trust',
          onClick: () => void app.ask('trust', null),
        })
  }
`;

export function tokenCount({ state, column }: SandboxApp): TemplateResult | typeof nothing {
  const { promptState } = state;
  if (promptState === null) return nothing;
  if (promptState.kind === 'failed')
    return html`<span class="prompt-problem" title=${promptState.problem.message}
      >${icon('warning', 'warn')}<span>${promptState.problem.message}</span></span
    >`;
  if (promptState.kind === 'counting')
    return html`<span class="faint appears-late"
      >${promptState.opening ?? 'opening the model'}</span
    >`;
  const count = promptState.facts.tokens.length;
  const most = column.model?.contextLength ?? 0;
  const words = `${countText(count)} ${count === 1 ? 'token' : 'tokens'}`;
  if (most === 0) return html`<span class="faint">${words}</span>`;
  const isLong = count > most;
  return html`<span
    class=${isLong ? 'too-long' : 'faint'}
    title=${isLong ? `The model sees the last ${countText(most)} tokens only` : nothing}
    >${isLong ? icon('warning', 'warn') : nothing}${words} of ${countText(most)}</span
  >`;
}

function body(app: SandboxApp): TemplateResult {
  const look = lookOf(app);
  const facts = app.state.promptState?.kind === 'known' ? app.state.promptState.facts : null;
  if (look === 'tokens') return facts ? promptTokens(facts.tokens) : notCounted;
  if (look === 'rendered')
    return facts
      ? html`<pre class="rendered" tabindex="0">${facts.rendered ?? ''}</pre>`
      : notCounted;
  return app.document.mode === 'chat' ? chatFields(app) : promptField(app);
}

const notCounted = html`<p class="faint not-counted">
  The model says so when it is open: write a prompt, or generate.
</p>`;

const promptField = (app: SandboxApp): TemplateResult => html`
  <textarea
    class="field prompt-text"
    rows="2"
    maxlength=${MOST_LETTERS}
    spellcheck="false"
    aria-label="Prompt"
    placeholder="A text to go on with"
    .value=${app.document.prompt}
    @input=${(event: Event) => app.edit({ prompt: (event.target as HTMLTextAreaElement).value })}
  ></textarea>
`;

const chatFields = (app: SandboxApp): TemplateResult => html`
  <textarea
    class="field system"
    rows="1"
    maxlength=${MOST_LETTERS}
    spellcheck="false"
    aria-label="System prompt"
    placeholder="System prompt: who the model is, if its template has a place for that"
    .value=${app.document.system}
    @input=${(event: Event) => app.edit({ system: (event.target as HTMLTextAreaElement).value })}
  ></textarea>
  <textarea
    class="field prompt-text"
    rows="2"
    maxlength=${MOST_LETTERS}
    spellcheck="false"
    aria-label="Message"
    placeholder="Say something"
    .value=${app.document.message}
    @input=${(event: Event) => app.edit({ message: (event.target as HTMLTextAreaElement).value })}
  ></textarea>
`;

/** In a narrow view, until it is opened. */
function promptLine(app: SandboxApp): TemplateResult {
  const { mode, prompt, message } = app.document;
  const said = mode === 'chat' ? message || (app.exchange?.user ?? '') : prompt;
  return html`
    <button
      class="prompt-line"
      aria-expanded="false"
      @click=${() => app.set({ isPromptOpen: true })}
    >
      ${icon('chevronRight')}<span class="said"
        >${said === '' ? html`<span class="faint">Write a prompt</span>` : said}</span
      >${tokenCount(app)}
    </button>
  `;
}
