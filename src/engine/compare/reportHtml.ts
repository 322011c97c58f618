/** A comparison as a page that needs nothing else: for mail, a ticket, the artifacts of a build. Pure. */
import { bytesText, countOf, countText, shortText } from '../../curves/numberText';
import {
  type DiffReport,
  type ParameterReport,
  problemsFirst,
  reasonOf,
  type Verdict,
} from './report';

const WORDS: Readonly<Record<Verdict, string>> = {
  match: '✓ match',
  mismatch: '✗ mismatch',
  missing: '⊘ missing right',
  unused: '⊘ unused right',
  ignored: '– ignored',
};

export function reportHtml(report: DiffReport): string {
  const { left, right, matches, profile } = report;
  const title = `${left.name} against ${right.name}`;
  const rows = problemsFirst(report.parameters).map(rowHtml).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; margin: 24px; color: #1f2328; background: #fff; }
@media (prefers-color-scheme: dark) { body { color: #d0d0d0; background: #1f1f1f; } }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; text-align: left; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; }
td.name { font-family: ui-monospace, monospace; }
.mismatch { color: #c72e0f; } .missing, .unused { color: #8a6100; } .match { color: #1a7f37; }
@media (prefers-color-scheme: dark) {
  .mismatch { color: #f2706a; } .missing, .unused { color: #d9b11e; } .match { color: #73c991; }
}
</style>
<h1>${escaped(title)}</h1>
<p class="${matches ? 'match' : 'mismatch'}"><strong>${matches ? '✓ They match' : '✗ They do not match'}</strong>
under the profile ${escaped(profile.name)}.</p>
<p>${escaped(sentences(report))}</p>
<p>Left: ${escaped(sideWords(left))}<br>Right: ${escaped(sideWords(right))}</p>
<table>
<thead><tr><th>Verdict<th>Parameter<th>Types<th class="number">Rel. L2<th class="number">Max abs<th class="number">PCC<th class="number">ULP p99<th class="number">Equal bits<th>What</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</html>
`;
}

const sideWords = ({ path, what, tensors, bytes }: DiffReport['left']): string =>
  `${path}: ${what}, ${countOf(tensors, 'tensor')}, ${bytesText(bytes)}`;

/** "142 matched, 3 mismatched, 1 missing on the right", and the logits. */
export function sentences({ summary: s, logits }: DiffReport): string {
  const parts = [
    `${countText(s.matched)} matched`,
    `${countText(s.mismatched)} mismatched`,
    `${countText(s.missing)} missing on the right`,
    `${countText(s.unused)} unused on the right`,
  ];
  const changes = (['retyped', 'renamed', 'reshaped', 'transformed', 'ignored'] as const)
    .filter(kind => s[kind] > 0)
    .map(kind => `${countText(s[kind])} ${kind}`);
  const said = `${[...parts, ...changes].join(', ')}.`;
  return logits
    ? `${said} Logits of ${countOf(logits.positions, 'position')}: divergence ${shortText(logits.divergence)} nats, the same likeliest token at ${shortText(100 * logits.agreement)} %.`
    : said;
}

function rowHtml(one: ParameterReport): string {
  const { name, rightName, verdict, leftType, rightType, metrics } = one;
  const types = leftType === rightType ? leftType : `${leftType} → ${rightType}`;
  const number = (value: number | undefined) =>
    `<td class="number">${value === undefined || Number.isNaN(value) ? '' : escaped(shortText(value))}`;
  const precise = metrics && !Number.isNaN(metrics.pcc) ? metrics.pcc.toFixed(6) : '';
  const shown = rightName === undefined ? name : `${name} ↔ ${rightName}`;
  return `<tr><td class="${verdict}">${WORDS[verdict]}<td class="name">${escaped(shown)}<td>${escaped(types)}${number(metrics?.relL2)}${number(metrics?.maxAbs)}<td class="number">${precise}${number(metrics?.ulp99)}${number(metrics?.equalBits)}<td>${escaped(reasonOf(one))}</tr>`;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`);
