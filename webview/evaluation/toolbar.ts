/** The bar over the view: what was evaluated, against what, what else can be done. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText, durationText } from '../../src/curves/numberText';
import { budgetText } from '../../src/curves/scoreText';
import type { EvaluationFacts } from '../../src/protocol/evaluationView';
import type { MenuItem } from '../controls/menu';
import { iconButton, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import { menuOf, toggleMenu } from './menu';

export function toolbar(app: EvaluationApp, facts: EvaluationFacts): TemplateResult {
  const { room } = app.state;
  return html`
    <header class="toolbar">
      <h1 title=${facts.path}>${facts.plan.name}</h1>
      <p class="faint about" title=${aboutOf(facts)}>${aboutOf(facts)}</p>
      <span class="spacer"></span>
      ${room === 'narrow' ? nothing : against(app)}
      ${room === 'narrow' ? nothing : html`<span class="divider"></span>`} ${runButton(app, facts)}
      ${room === 'narrow' ? moreButton(app) : exportButton(app)}
    </header>
  `;
}

/** "200 of 1 319 · slm-base + gsm8k-r8, step 2 500 · greedy, batch 16, left padded" */
export function aboutOf({ plan, samples }: EvaluationFacts): string {
  const { generation, model, data, agent, agentBudget } = plan;
  const how = generation
    ? [
        agent ? `${agent} agent` : '',
        agent && agentBudget ? budgetText(agentBudget) : '',
        generation.temperature === 0 ? 'greedy' : `temperature ${generation.temperature}`,
        generation.backend === 'batch'
          ? `batch ${generation.batchSize}, left padded`
          : generation.backend === 'kv'
            ? 'KV cache'
            : 'no cache',
      ]
        .filter(Boolean)
        .join(', ')
    : 'nothing generated';
  const of =
    samples < plan.indices.length
      ? `${countText(samples)} of ${countText(plan.indices.length)}`
      : `${countText(plan.indices.length)} of ${countText(data.examples)}`;
  return `${of} · ${model.name} · ${how}`;
}

function against(app: EvaluationApp): TemplateResult {
  const { comparables, baseline, isComparing } = app.state;
  return html`
    <label class="against"
      ><span class="faint">Against</span>
      <select
        class="select"
        aria-label="Against"
        ?disabled=${comparables.length === 0 || isComparing}
        title=${comparables.length === 0 ? 'No other evaluation of these examples is there' : nothing}
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          void app.compare(value === '' ? null : value);
        }}
      >
        <option value="" .selected=${baseline === null}>
          ${comparables.length === 0 ? 'none to compare' : 'none'}
        </option>
        ${comparables.map(
          ({ id, name, detail }) =>
            html`<option value=${id} title=${detail} .selected=${baseline?.id === id}>
              ${name}
            </option>`,
        )}
      </select>
    </label>
  `;
}

function runButton(app: EvaluationApp, facts: EvaluationFacts): TemplateResult | typeof nothing {
  const { isTrusted, room } = app.state;
  if (!isTrusted)
    return textButton({
      icon: 'shield',
      label: room === 'narrow' ? 'Trust' : 'Manage workspace trust',
      onClick: () => void app.ask('trust', null),
    });
  switch (facts.state) {
    case 'running':
      return textButton({
        icon: 'debugStop',
        label: 'Stop',
        onClick: () => void app.ask('stop', null),
      });
    case 'stopped':
      return textButton({
        kind: 'primary',
        icon: 'debugContinue',
        label: 'Resume',
        onClick: () => void app.ask('resume', null),
      });
    case 'done':
      return app.table.countOf('wrong') > 0 && facts.plan.generation
        ? textButton({
            icon: 'refresh',
            label: room === 'wide' ? 'Run failed again' : 'Run failed',
            onClick: () => runFailed(app),
          })
        : nothing;
  }
}

/** Those of the wrong ones that are shown; all when none of them is. */
function runFailed(app: EvaluationApp): void {
  const shown = app.wrongIndices;
  const indices =
    shown.length > 0
      ? shown
      : Array.from({ length: app.table.size }, (_, place) => app.table.rowAt(place))
          .filter(row => row.flags.includes('wrong'))
          .map(({ index }) => index);
  void app.ask('runAgain', { indices });
}

const exportButton = (app: EvaluationApp): TemplateResult => html`
  <span class="menu-anchor">
    ${textButton({
      icon: 'export',
      id: 'export-button',
      label: 'Export',
      isExpanded: app.state.menu === 'export',
      onClick: () => toggleMenu(app, 'export'),
    })}
    ${menuOf(app, 'export', 'Export', () => exportItems(app))}
  </span>
`;

const moreButton = (app: EvaluationApp): TemplateResult => html`
  <span class="menu-anchor">
    ${iconButton({
      icon: 'ellipsis',
      id: 'more-button',
      label: 'More',
      isExpanded: app.state.menu === 'more',
      onClick: () => toggleMenu(app, 'more'),
    })}
    ${menuOf(app, 'more', 'More', () => [...againstItems(app), ...exportItems(app, true)])}
  </span>
`;

function againstItems(app: EvaluationApp): MenuItem[] {
  const { comparables, baseline } = app.state;
  if (comparables.length === 0) return [];
  const item = (label: string, detail: string, id: string | null): MenuItem => ({
    label,
    detail,
    isChecked: (baseline?.id ?? null) === id,
    choose: () => void app.compare(id),
  });
  return [
    item('Against none', '', null),
    ...comparables.map(({ id, name, detail }) => item(`Against ${name}`, detail, id)),
  ];
}

function exportItems(app: EvaluationApp, startsGroup = false): MenuItem[] {
  const { facts } = app.state;
  return [
    {
      label: 'Table as CSV…',
      icon: 'export',
      startsGroup,
      choose: () => void app.export('csv'),
    },
    { label: 'Everything as JSON…', choose: () => void app.export('json') },
    { label: 'Page to read, as HTML…', choose: () => void app.export('html') },
    {
      label: 'Open its config',
      icon: 'output',
      startsGroup: true,
      isDisabled: facts?.plan.configPath === null,
      choose: () => void app.ask('openConfig', null),
    },
    {
      label: 'Copy path of its folder',
      icon: 'copy',
      choose: () => void app.copy(facts?.dir ?? '', 'the path'),
    },
  ];
}

/** How far it is, or why it is not done. */
export function progressLine(
  app: EvaluationApp,
  facts: EvaluationFacts,
): TemplateResult | typeof nothing {
  const { state, problem, samples, plan } = facts;
  if (state === 'running') return running(facts);
  if (problem)
    return html`<div class="callout error at-top" role="alert">
      ${icon('error', 'bad')}<span>${problem.message}</span>
    </div>`;
  if (state === 'stopped')
    return html`<div class="callout warning at-top" role="status">
      ${icon('circleSlash', 'warn')}<span
        >Stopped after ${countText(samples)} of ${countText(plan.indices.length)} samples. Scores
        are of these; it goes on from there.</span
      >
    </div>`;
  if (app.state.facts!.damagedLines > 0)
    return html`<div class="callout warning at-top" role="status">
      ${icon('warning', 'warn')}<span
        >${countOf(facts.damagedLines, 'line')} of samples.jsonl cannot be read; what is in them is
        left out.</span
      >
    </div>`;
  return nothing;
}

const phaseWords = { opening: 'Opening the model', generating: 'Generating', scoring: 'Scoring' };

function running({ progress, samples, plan }: EvaluationFacts): TemplateResult {
  const total = progress?.total ?? plan.indices.length;
  const done = progress?.done ?? samples;
  const parts = progress
    ? [
        `${phaseWords[progress.phase]}, ${countText(done)} of ${countText(total)}`,
        progress.tokensPerSecond === null ? '' : `${countText(progress.tokensPerSecond)} tok/s`,
        progress.secondsLeft === null ? '' : `${durationText(progress.secondsLeft)} left`,
      ].filter(Boolean)
    : ['Starting'];
  return html`
    <div class="running" role="status">
      <span class="live-dot" aria-hidden="true"></span>
      <span>${parts.join(' · ')}</span>
      <progress max=${Math.max(1, total)} value=${done} aria-label="Samples"></progress>
    </div>
  `;
}
