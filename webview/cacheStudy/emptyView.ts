/** What is shown while there is no study: what one is, and how to come by it. */
import { type TemplateResult, html } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { CacheStudyApp } from './cacheStudyApp';

export function emptyView(app: CacheStudyApp): TemplateResult {
  const { activity, problem, isTrusted } = app.state.snapshot!;
  if (activity.kind === 'running')
    return html`
      <div class="empty" role="status">
        ${icon('loading', 'active', true)}
        <h1>The study is running</h1>
        <p>Its progress is in the terminal of <code>${activity.config}</code>.</p>
      </div>
    `;
  const words = activity.kind === 'failed' ? activity.message : problem;
  if (words !== null)
    return html`
      <div class="empty">
        <div class="callout error" role="alert">${icon('error')}<span>${words}</span></div>
      </div>
    `;
  return html`
    <div class="empty">
      ${drawing}
      <h1>No cache study yet</h1>
      <p>
        A config with <code>cache_study</code> names a model, adapters over it and a prefix. Its
        lens runs the study: how much of each adapter's cache has to be kept?
      </p>
      ${
        isTrusted
          ? html``
          : html`<p class="buttons">
              ${textButton({
                label: 'Manage workspace trust',
                icon: 'shield',
                kind: 'primary',
                onClick: () => app.manageTrust(),
              })}
            </p>`
      }
    </div>
  `;
}

const drawing = html`
  <svg width="168" height="72" viewBox="0 0 168 72" aria-hidden="true" class="drawing">
    <rect x="1" y="8" width="40" height="56" rx="3" class="shared" />
    <rect x="60" y="8" width="106" height="14" rx="2" />
    <rect x="60" y="29" width="106" height="14" rx="2" />
    <rect x="60" y="50" width="106" height="14" rx="2" />
    <rect x="60" y="8" width="10" height="14" rx="2" class="own" />
    <rect x="60" y="29" width="10" height="14" rx="2" class="own" />
    <rect x="60" y="50" width="10" height="14" rx="2" class="own" />
  </svg>
`;
