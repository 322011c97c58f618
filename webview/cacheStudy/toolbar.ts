/** The head with the study's name and actions, and the row that chooses how caches are kept. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf } from '../../src/curves/numberText';
import type { StoreName, StrategyName, StudyReport } from '../../src/protocol/cacheStudy';
import { exportKinds } from '../../src/protocol/cacheStudyView';
import { menuView } from '../controls/menu';
import { segments, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { CacheStudyApp } from './cacheStudyApp';
import { klText, memoryText, percentText, strategyLooks } from './words';

export function headView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { menu, snapshot } = app.state;
  const { activity, isTrusted } = snapshot!;
  const { model, adapters, prefix_tokens, device } = report;
  const running = activity.kind === 'running';
  return html`
    <header class="head">
      <h1>Adapter cache study</h1>
      <p class="faint">
        ${model.name} · ${countOf(adapters.length, 'adapter')} · shared prefix of
        ${countOf(prefix_tokens, 'token')} · ${device}
      </p>
      <span class="spacer"></span>
      <span class="menu-anchor">
        ${textButton({
          label: otherTitle(app),
          icon: 'gitCompare',
          isExpanded: menu === 'other',
          onClick: () => app.toggleMenu('other'),
        })}
        ${menu === 'other' ? otherMenu(app) : nothing}
      </span>
      ${
        running
          ? html`<span class="running" role="status"
              >${icon('loading', 'active', true)}Running</span
            >`
          : isTrusted
            ? textButton({ label: 'Run again', icon: 'refresh', onClick: () => app.runAgain() })
            : textButton({
                label: 'Manage workspace trust',
                icon: 'shield',
                onClick: () => app.manageTrust(),
              })
      }
      <span class="menu-anchor">
        ${textButton({
          label: 'Export',
          icon: 'export',
          isExpanded: menu === 'export',
          onClick: () => app.toggleMenu('export'),
        })}
        ${menu === 'export' ? exportMenu(app) : nothing}
      </span>
    </header>
  `;
}

const EXPORTS = {
  json: 'All of the report as JSON…',
  csv: 'Errors by layer as CSV…',
  html: 'A page to read as HTML…',
} as const;

const exportMenu = (app: CacheStudyApp): TemplateResult =>
  menuView({
    label: 'Export',
    checks: 'any',
    items: [
      ...exportKinds.map(kind => ({ label: EXPORTS[kind], choose: () => void app.export(kind) })),
      { label: 'Open the config', startsGroup: true, choose: () => app.openConfig() },
    ],
    close: () => app.set({ menu: null }),
  });

function otherTitle(app: CacheStudyApp): string {
  const { snapshot, taste } = app.state;
  const found = snapshot!.studies.find(({ id }) => id === taste.other);
  return found ? `Compared with ${found.title}` : 'Compare';
}

/** Which study is shown, and with which it is compared. */
function otherMenu(app: CacheStudyApp): TemplateResult {
  const { snapshot, taste } = app.state;
  const { studies, shown } = snapshot!;
  const rest = studies.filter(({ id }) => id !== shown?.id);
  return menuView({
    label: 'Studies',
    checks: 'one',
    items: [
      {
        label: 'No other study',
        isChecked: taste.other === null,
        choose: () => void app.compare(null),
      },
      ...rest.map(({ id, title }) => ({
        label: `Compare with ${title}`,
        isChecked: id === taste.other,
        choose: () => void app.compare(id),
      })),
      ...rest.map(({ id, title }, i) => ({
        label: `Show ${title}`,
        startsGroup: i === 0,
        choose: () => void app.show(id),
      })),
    ],
    close: () => app.set({ menu: null }),
  });
}

export function choicesView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { variant } = app;
  const { variants } = report;
  if (!variant) return html``;
  const distinct = <T>(of: (v: (typeof variants)[number]) => T) => [...new Set(variants.map(of))];
  const ofStrategy = variants.filter(v => v.strategy === variant.strategy);
  const ranks = [...new Set(ofStrategy.map(v => String(v.rank)))];
  const stores = [...new Set(ofStrategy.map(v => v.store))];
  return html`
    <div class="choices">
      <span class="choice">
        <span class="faint">Strategy</span>
        ${segments<StrategyName>(
          'strategy',
          'Strategy',
          distinct(v => v.strategy).map(value => ({
            value,
            label: strategyLooks[value].name,
            title: strategyLooks[value].title,
          })),
          variant.strategy,
          strategy => app.prefer({ strategy }),
        )}
      </span>
      ${
        ranks.length > 1
          ? html`<span class="choice">
              <span class="faint">Rank</span>
              ${segments(
                'rank',
                'Rank',
                ranks.map(value => ({ value, label: value })),
                String(variant.rank),
                rank => app.prefer({ rank }),
              )}
            </span>`
          : nothing
      }
      ${
        stores.length > 1
          ? html`<span class="choice">
              <span class="faint">Store</span>
              ${segments<StoreName>(
                'store',
                'Store',
                stores.map(value => ({ value, label: value })),
                variant.store,
                store => app.prefer({ store }),
              )}
            </span>`
          : nothing
      }
      <span class="spacer"></span>
      <span class="verdict" role="status"
        >KL ${klText(variant.kl)} · top-1 ${percentText(variant.top1_agreement)} ·
        ${memoryText(variant.total_bytes)}</span
      >
    </div>
  `;
}
