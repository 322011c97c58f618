/** The last line: what was compared, how to move, where the results are. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText, durationText } from '../../src/curves/numberText';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { CacheStudyApp } from './cacheStudyApp';

export function footerView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { notice, snapshot, isHelpOpen, room } = app.state;
  const cells = report.results.length * report.model.layers;
  const said = notice
    ? html`<span class="notice" role="status"
        >${icon(notice.kind === 'error' ? 'error' : 'pass', notice.kind === 'error' ? 'bad' : 'ok')}
        <span>${notice.text}</span></span
      >`
    : html`<span class="notice"
        >${icon('pass', 'ok')}
        <span
          >Checked against the full cache, ${countText(cells)} ${cells === 1 ? 'cell' : 'cells'},
          ${durationText(report.seconds)}</span
        ></span
      >`;
  return html`
    <footer class="footer">
      ${said}
      <span class="spacer"></span>
      ${
        room === 'wide'
          ? html`<span>cell: arrows move, Enter opens tokens</span>
              <span>results in ${snapshot?.shown?.id ?? countOf(0, 'study')}</span>`
          : nothing
      }
      ${iconButton({
        icon: 'question',
        label: 'Keys',
        isPressed: isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !isHelpOpen }),
      })}
    </footer>
  `;
}
