/** A study's report as a file for others: all of it, a table of its errors, or a page to read. Pure. */
import { bytesText, countOf, shortText } from '../../curves/numberText';
import type { StudyReport } from '../../protocol/cacheStudy';
import type { ExportKind } from '../../protocol/cacheStudyView';

export function exportText(report: StudyReport, kind: ExportKind): string {
  switch (kind) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'csv':
      return csv(report);
    case 'html':
      return page(report);
  }
}

const COLUMNS = [
  ...(['layer', 'v_max_abs', 'v_rel_l2', 'v_pcc', 'k_max_abs', 'k_rel_l2', 'k_pcc'] as const),
  ...(['v_allclose_1e-4', 'v_allclose_1e-7', 'k_allclose_1e-4', 'k_allclose_1e-7'] as const),
];

/** A line for each adapter, way of keeping and layer. */
function csv({ results }: StudyReport): string {
  const head = ['adapter', 'strategy', 'store', 'rank', 'bytes', 'kl', 'top1_agreement'];
  const lines = results.flatMap(result => {
    const { adapter, strategy, store, rank, bytes, kl, top1_agreement } = result;
    const own = [adapter, strategy, store, rank, bytes, kl, top1_agreement];
    return result.layers.map(layer => [...own, ...COLUMNS.map(column => layer[column])]);
  });
  return [[...head, ...COLUMNS], ...lines].map(line => `${line.map(cell).join()}\r\n`).join('');
}

/** Spreadsheets take what begins with these for a formula. */
const FORMULA = /^[=+@\t\r]|^-(?!\d)/;

function cell(value: string | number | boolean | null): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function page({ name, model, adapters, variants, prefix_tokens, created }: StudyReport): string {
  const rows = variants.map(v =>
    row([
      v.variant,
      bytesText(v.total_bytes),
      `${v.ratio.toFixed(1)}×`,
      v.break_even ?? 'never',
      shortText(v.kl),
      `${(100 * v.top1_agreement).toFixed(1)} %`,
      v.tokens_per_second.toFixed(1),
      v.on_front ? 'on the front' : '',
    ]),
  );
  const heads = ['Kept', 'Cache', 'Ratio', 'Pays from', 'KL', 'Top-1', 'Tokens/s', ''];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${text(name)}: adapter cache study</title>
<style>body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ccc;text-align:right}
td:first-child,th:first-child{text-align:left}</style>
<h1>Adapter cache study</h1>
<p>${text(model.name)}, ${countOf(adapters.length, 'adapter')} (${adapters.map(a => text(a.adapter)).join(', ')}), a prefix of ${countOf(prefix_tokens, 'token')}, ${text(created)}</p>
<table><thead>${row(heads, 'th')}</thead><tbody>${rows.join('')}</tbody></table>
</html>
`;
}

const row = (cells: readonly (string | number)[], tag = 'td'): string =>
  `<tr>${cells.map(c => `<${tag}>${text(String(c))}</${tag}>`).join('')}</tr>`;

const text = (raw: string): string =>
  raw.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
