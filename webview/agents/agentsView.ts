/** The whole view of a trace from its parts: the question, the verdict, the steps, the end. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText, durationText } from '../../src/curves/numberText';
import type { AgentEnd, AgentStart } from '../../src/protocol/evaluation';
import { iconButton, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { AgentsApp } from './agentsApp';
import { keyHelp } from './keys';
import { ANSWER_ID } from './pageParts';
import { stepView } from './stepView';

export function agentsView(app: AgentsApp): TemplateResult {
  const { connection, snapshot, isNarrow, isHelpOpen } = app.state;
  if (connection !== 'ready' || !snapshot) return opening();
  const { start, steps, end } = app.trace;
  return html`
    <div class="view ${isNarrow ? 'narrow' : 'wide'}">
      ${toolbar(app, start)}
      <main class="trace" tabindex="-1">
        ${start ? html`<p class="question">${start.question}</p>` : nothing} ${verdict(app, end)}
        ${
          snapshot.problem
            ? html`<p class="callout error" role="alert">
                ${icon('error', 'bad')}<span>${snapshot.problem.message}</span>
              </p>`
            : nothing
        }
        <ol class="steps" aria-label="Steps">
          ${steps.map(shown => stepView(app, shown))} ${writing(app)}
        </ol>
        ${end ? example(app) : nothing}
      </main>
      ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">${icon('loading', 'active', true)} Reading the trace</p>
  </main>
`;

const agentWords = {
  slm: 'Step by step agent',
  math: 'Math agent',
  calculator: 'Calculator agent',
} as const;

function toolbar(app: AgentsApp, start: AgentStart | null): TemplateResult {
  const { snapshot, isNarrow } = app.state;
  return html`
    <header class="toolbar">
      <h1>${start ? agentWords[start.agent] : 'Agent'}</h1>
      ${start && !isNarrow ? html`<p class="faint about">${aboutOf(start)}</p>` : nothing}
      <span class="spacer"></span>
      ${runButton(app)}
      ${iconButton({
        icon: 'save',
        label: 'Save the trace as JSON lines…',
        onClick: () => void app.saveTrace(),
        isDisabled: (snapshot?.records.length ?? 0) === 0,
      })}
      ${iconButton({
        icon: 'question',
        label: 'Keys (?)',
        isPressed: app.state.isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !app.state.isHelpOpen }),
      })}
    </header>
  `;
}

/** "slm-base · up to 3 steps, 600 tokens · temperature 0.8, seed 1 · 5 votes" */
function aboutOf({ model, budget, sampling, votes, judges }: AgentStart): string {
  const limits = [
    `up to ${countOf(budget.steps, 'step')}`,
    budget.tokens === null ? '' : countOf(budget.tokens, 'token'),
    budget.seconds === null ? '' : durationText(budget.seconds),
  ].filter(Boolean);
  return [
    model,
    limits.join(', '),
    sampling.temperature === 0
      ? 'greedy'
      : `temperature ${sampling.temperature}, seed ${sampling.seed}`,
    votes > 1 ? `${votes} votes` : '',
    judges === 'whole' ? 'judges prompt and answer together' : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function runButton(app: AgentsApp): TemplateResult | typeof nothing {
  const { isRunning, canAskAgain, isTrusted } = app.state.snapshot!;
  if (isRunning)
    return textButton({
      icon: 'debugStop',
      label: 'Stop',
      onClick: () => void app.ask('stop', null),
    });
  if (!isTrusted)
    return textButton({
      icon: 'shield',
      label: 'Manage workspace trust',
      onClick: () => void app.ask('trust', null),
    });
  return canAskAgain
    ? textButton({
        icon: 'refresh',
        label: 'Ask again',
        onClick: () => void app.ask('askAgain', null),
      })
    : nothing;
}

const reasonWords: Readonly<Record<AgentEnd['reason'], string>> = {
  good: 'a good answer',
  voted: 'a vote',
  steps: 'no more steps',
  tokens: 'no more tokens',
  time: 'no more time',
  cancelled: 'stopped',
};

function verdict(app: AgentsApp, end: AgentEnd | null): TemplateResult | typeof nothing {
  const { snapshot } = app.state;
  if (!end)
    return snapshot?.isRunning
      ? html`<p class="verdict" role="status">
          ${icon('loading', 'active', true)}
          <strong>${app.trace.steps.length === 0 ? 'Opening the model' : 'Working'}</strong>
        </p>`
      : nothing;
  const votes = end.tally.reduce((sum, each) => sum + each.votes, 0);
  return html`
    <p class="verdict" role="status">
      ${icon(end.isGood ? 'pass' : 'circleSlash', end.isGood ? 'ok' : 'warn')}
      <strong>${end.answer ?? 'No number'}</strong>
      <span class="faint"
        >ended by ${reasonWords[end.reason]} after ${countOf(end.steps, 'step')},
        ${countOf(end.newTokens, 'token')}, ${durationText(end.seconds)}</span
      >
    </p>
    ${
      votes > 1
        ? html`<ul class="tally" aria-label="Votes">
            ${end.tally.map(
              ({ answer, votes: got }) =>
                html`<li>
                  <strong>${answer ?? 'no number'}</strong>
                  <progress max=${votes} value=${got} aria-label="Votes"></progress>
                  <span class="faint">${countOf(got, 'vote')}</span>
                </li>`,
            )}
          </ul>`
        : nothing
    }
  `;
}

function writing(app: AgentsApp): TemplateResult | typeof nothing {
  const { writing: now } = app.state.snapshot!;
  if (!now) return nothing;
  return html`
    <li class="step">
      <header>
        ${icon('loading', 'active', true)}
        <h2>Step ${now.step}</h2>
        <span class="faint">writing</span>
      </header>
      <pre class="text">${now.text}</pre>
    </li>
  `;
}

/** At a click; the answer that the agent found can be put right first. */
const example = (app: AgentsApp): TemplateResult => html`
  <section class="example" aria-label="Example for an evaluation">
    <label for=${ANSWER_ID}>Right answer</label>
    <input
      id=${ANSWER_ID}
      type="text"
      spellcheck="false"
      .value=${app.answer}
      @input=${(event: Event) => app.set({ answer: (event.target as HTMLInputElement).value })}
    />
    ${textButton({
      kind: 'primary',
      icon: 'add',
      label: 'Save as evaluation example',
      onClick: () => void app.saveExample(),
    })}
  </section>
`;

function footer(app: AgentsApp): TemplateResult {
  const { notice, snapshot, isNarrow } = app.state;
  const { steps, newTokens, seconds } = app.trace;
  return html`
    <footer class="footer">
      <span
        >${countOf(steps.length, 'step')}, ${countText(newTokens)} tokens,
        ${durationText(seconds)}</span
      >
      <span class="spacer"></span>
      ${
        notice
          ? html`<span class="notice ${notice.kind}" role="status"
              >${icon(notice.kind, notice.kind === 'error' ? 'bad' : 'faint')}<span
                >${notice.text}</span
              ></span
            >`
          : isNarrow
            ? nothing
            : html`<span
                >${snapshot?.source.kind === 'sample' ? 'of an evaluation' : snapshot?.label}</span
              >`
      }
    </footer>
  `;
}
