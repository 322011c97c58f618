/** One step of an agent: what it read, what it wrote, what the tools and the critic said. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText, durationText } from '../../src/curves/numberText';
import type { AgentStep, ToolCall } from '../../src/protocol/evaluation';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { AgentsApp } from './agentsApp';
import type { ShownStep } from './traceSteps';

const endWords = {
  'end-token': 'ended by itself',
  stop: 'ended at a stop text',
  length: 'cut at the limit',
  cancelled: 'stopped',
} as const;

export function stepView(app: AgentsApp, shown: ShownStep): TemplateResult {
  const { step } = shown;
  const { chosen } = app.state;
  const { start, seconds } = app.trace;
  const votes = start?.votes ?? 1;
  return html`
    <li
      id="step-${step.step}"
      class="step ${chosen === step.step ? 'chosen' : ''}"
      aria-current=${chosen === step.step ? 'step' : nothing}
      @click=${() => app.set({ chosen: step.step })}
    >
      <header>
        ${icon(step.isGood ? 'pass' : 'error', step.isGood ? 'ok' : 'bad')}
        <h2>
          Step
          ${step.step}${votes > 1 ? html` <span class="faint">voter ${step.vote + 1}</span>` : nothing}
        </h2>
        <span>${step.isGood ? 'good' : 'not good yet'}</span>
        ${step.answer === null ? nothing : html`<span class="faint">comes to <strong>${step.answer}</strong></span>`}
        <span class="spacer"></span>
        <span class="faint" title=${endWords[step.ended]}
          >${countOf(step.newTokens, 'token')}, ${endWords[step.ended]}</span
        >
        <span class="time" title="${durationText(step.seconds)} of ${durationText(seconds)}">
          <span class="faint">${durationText(step.seconds)}</span>
          <span class="bar" aria-hidden="true"
            ><span ${css({ width: `${seconds > 0 ? (step.seconds / seconds) * 100 : 0}%` })}></span
          ></span>
        </span>
      </header>
      ${prompt(app, shown)}
      <h3>Output</h3>
      <pre class="text">${withCalls(step)}</pre>
      ${step.calls.length > 0 ? calls(step.calls) : nothing}
      ${
        step.critique === null
          ? nothing
          : html`<p class="critique">
              ${icon('warning', 'warn')}<span><strong>Critique</strong> ${step.critique}</span>
            </p>`
      }
      <p class="links">
        <button class="link" @click=${() => void app.ask('openInSandbox', { step: step.step })}>
          Open in sandbox
        </button>
        <button class="link" @click=${() => void app.copy(step.output, 'the output')}>
          Copy output
        </button>
      </p>
    </li>
  `;
}

/** First what is new in it: a prompt grows by each attempt and critique. */
function prompt(app: AgentsApp, { step, added, same }: ShownStep): TemplateResult {
  const isWhole = same === 0 || app.state.unfolded.has(step.step);
  const cropped =
    step.croppedTokens > 0
      ? html`<span class="faint"
          >its first ${countOf(step.croppedTokens, 'token')} did not fit the context</span
        >`
      : nothing;
  return html`
    <h3>
      Prompt <span class="faint">${countOf(step.promptTokens, 'token')}</span> ${cropped}
      ${
        same === 0
          ? nothing
          : html`<button
              class="link"
              aria-expanded=${isWhole}
              @click=${() => app.unfold(step.step)}
            >
              ${isWhole ? 'Only what is new' : `Show the ${countText(same)} characters before`}
            </button>`
      }
    </h3>
    <pre class="text prompt">
${isWhole && same > 0 ? html`<span class="faint">${step.prompt.slice(0, same)}</span>${added}` : added.replace(/^\n+/, '')}</pre>
  `;
}

/** The output with its tool calls marked where they stand. */
function withCalls({ output, calls: made }: AgentStep): (TemplateResult | string)[] {
  if (output === '') return [html`<span class="faint">Nothing was written.</span>`];
  const parts: (TemplateResult | string)[] = [];
  let from = 0;
  for (const { at, expression, result } of made) {
    const end = output.indexOf('>>', at);
    if (at < from || end < 0) continue;
    parts.push(output.slice(from, at));
    parts.push(
      html`<mark title="${expression} = ${result ?? 'could not be computed'}"
        >${output.slice(at, end + 2)}</mark
      >`,
    );
    from = end + 2;
  }
  parts.push(output.slice(from));
  return parts;
}

const calls = (made: readonly ToolCall[]): TemplateResult => html`
  <h3>Calculator <span class="faint">${countOf(made.length, 'call')}</span></h3>
  <ul class="calls">
    ${made.map(
      ({ expression, result, problem }) => html`
        <li>
          ${icon(result === null ? 'error' : 'pass', result === null ? 'bad' : 'ok')}
          <code>${expression} = ${result ?? '?'}</code>
          ${problem === null ? nothing : html`<span class="faint">${problem}</span>`}
        </li>
      `,
    )}
  </ul>
`;
