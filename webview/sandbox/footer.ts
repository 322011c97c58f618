/** The bar below the view: what is being written, what just happened, what the tint says. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';
import { SURE, UNDECIDED } from './tint';

export const footer = (app: SandboxApp): TemplateResult => html`
  <footer class="footer">
    <span class="freshness">${freshness(app)}</span>
    ${notice(app)}
    <span class="spacer"></span>
    ${app.state.room === 'narrow' ? nothing : legend(app)}
  </footer>
`;

function freshness(app: SandboxApp): TemplateResult {
  const { engine } = app.state;
  const { columns } = app.document;
  if (engine.kind === 'restarting')
    return html`${icon('loading', 'active', true)} The engine starts again`;
  if (engine.kind === 'silent')
    return html`${icon('warning', 'warn')} The engine computes something long, or hangs`;
  const { writing } = app;
  const streaming = writing.filter(({ status }) => status.kind === 'streaming').length;
  if (writing.length === 0) return html`<span class="dot idle"></span> Nothing is being written`;
  if (streaming === 0) return html`${icon('loading', 'active', true)} Opening the model`;
  return html`${icon('loading', 'active', true)}
  ${columns.length === 1 ? 'Streaming' : `${streaming} of ${columns.length} columns streaming`}`;
}

function notice(app: SandboxApp): TemplateResult | typeof nothing {
  if (!app.state.notice) return nothing;
  const { kind, text } = app.state.notice;
  return html`<span class="notice ${kind}" role=${kind === 'error' ? 'alert' : 'status'}
    >${icon(kind, kind === 'error' ? 'bad' : 'faint')}<span title=${text}>${text}</span
    >${iconButton({
      icon: 'close',
      label: 'Dismiss',
      onClick: () => app.set({ notice: null }),
    })}</span
  >`;
}

function legend({ state }: SandboxApp): TemplateResult | typeof nothing {
  const { tint } = state.taste;
  if (tint === 'none') return nothing;
  const isProbability = tint === 'probability';
  return html`<span class="tint-legend"
    >Tint: ${isProbability ? 'picked token with low probability' : 'undecided, by entropy'}<span
      class="tint-scale ${isProbability ? 'falling' : ''}"
    ></span
    >${isProbability ? `0.0 to ${SURE.toFixed(1)}` : `0 to ${UNDECIDED} nats`}</span
  >`;
}
