/** The picture of an adapter: a row a layer, the size of its change, its effective rank, its overlap. */
import type { AdaptedLayer, AdapterOverlap } from '../engine/model/inspectAdapter';

const [ROW, LEFT, BAR, COLUMN, TOP] = [18, 300, 260, 110, 44];

/** SVG that follows the reader's light or dark. */
export function adapterPicture(
  layers: readonly AdaptedLayer[],
  overlaps: ReadonlyMap<string, AdapterOverlap>,
): string {
  const hasOther = overlaps.size > 0;
  const width = LEFT + BAR + COLUMN * (hasOther ? 4 : 2) + 16;
  const height = TOP + layers.length * ROW + 12;
  const most = Math.max(...layers.map(({ norm }) => norm)) || 1;
  const heads = ['‖BA‖ / ‖W‖', 'effective rank', ...(hasOther ? ['cosine', 'subspace'] : [])];
  const columnAt = (i: number) => LEFT + BAR + COLUMN * (i + 1);
  const rows = layers.map(({ layer, norm, share, effectiveRank }, i) => {
    const y = TOP + i * ROW;
    const overlap = overlaps.get(layer);
    const cells = [
      `${(100 * share).toFixed(2)} %`,
      effectiveRank.toFixed(2),
      ...(hasOther ? [overlap?.cosine.toFixed(3) ?? '—', overlap?.subspace.toFixed(3) ?? '—'] : []),
    ];
    const bar = ((BAR - 70) * norm) / most;
    return [
      `<text x="${LEFT - 10}" y="${y + 13}" text-anchor="end" class="name">${escaped(layer)}</text>`,
      `<rect x="${LEFT}" y="${y + 3}" width="${bar.toFixed(1)}" height="${ROW - 6}" class="bar"/>`,
      `<text x="${(LEFT + bar + 6).toFixed(1)}" y="${y + 13}">${norm.toPrecision(3)}</text>`,
      ...cells.map(
        (text, k) => `<text x="${columnAt(k)}" y="${y + 13}" text-anchor="end">${text}</text>`,
      ),
    ].join('');
  });
  const heading = [
    `<text x="${LEFT}" y="24" class="head">‖BA‖</text>`,
    ...heads.map(
      (text, i) => `<text x="${columnAt(i)}" y="24" text-anchor="end" class="head">${text}</text>`,
    ),
  ].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What an adapter changes, layer by layer">
<style>svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#3b3b3b;font-variant-numeric:tabular-nums}.name{font-family:ui-monospace,monospace;font-size:11px}.head{font-weight:600}.bar{fill:#0072b2}@media(prefers-color-scheme:dark){svg{background:#1f1f1f}text{fill:#ccc}.bar{fill:#56b4e9}}</style>
${heading}
${rows.join('\n')}
</svg>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
