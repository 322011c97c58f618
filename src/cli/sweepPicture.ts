/** Parallel coordinates of a sweep: an axis a key and one for the loss, a line a run. */
import type { SweepResult } from './sweep';

const [TOP, BOTTOM, LEFT, GAP] = [48, 300, 60, 170];

/** The best run is drawn thick, others fade with their rank. SVG that follows the reader's light or dark. */
export function sweepPicture(
  ranked: readonly SweepResult[],
  grid: ReadonlyMap<string, readonly (string | number | boolean)[]>,
): string {
  const done = ranked.filter(({ loss }) => Number.isFinite(loss));
  const losses = done.map(({ loss }) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const keys = [...grid.keys()];
  const x = (axis: number) => LEFT + axis * GAP;
  const place = (share: number) => BOTTOM - share * (BOTTOM - TOP);
  const ofValue = (key: string, value: string | number | boolean) => {
    const values = grid.get(key)!;
    return place(values.length === 1 ? 0.5 : values.indexOf(value) / (values.length - 1));
  };
  const ofLoss = (loss: number) => place(most === least ? 0.5 : (loss - least) / (most - least));
  const axis = (i: number, title: string, ticks: readonly (readonly [number, string])[]) =>
    [
      `<line x1="${x(i)}" x2="${x(i)}" y1="${TOP}" y2="${BOTTOM}" class="axis"/>`,
      `<text x="${x(i)}" y="24" text-anchor="middle" class="head">${escaped(title)}</text>`,
      ...ticks.map(([y, text]) => `<text x="${x(i) + 6}" y="${y + 4}">${escaped(text)}</text>`),
    ].join('');
  const axes = [
    ...keys.map((key, i) => axis(i, key, grid.get(key)!.map(v => [ofValue(key, v), String(v)]))), // prettier-ignore
    axis(keys.length, 'loss', [
      [ofLoss(least), least.toFixed(3)],
      [ofLoss(most), most.toFixed(3)],
    ]),
  ];
  const lines = done.toReversed().map(({ values, loss, run }, fromWorst) => {
    const points = [
      ...keys.map((key, i) => `${x(i)},${ofValue(key, values[key]!).toFixed(1)}`),
      `${x(keys.length)},${ofLoss(loss).toFixed(1)}`,
    ];
    const isBest = fromWorst === done.length - 1;
    const opacity = (0.25 + (0.75 * (fromWorst + 1)) / done.length).toFixed(2);
    return `<polyline points="${points.join(' ')}" class="run${isBest ? ' best' : ''}" opacity="${opacity}"><title>${escaped(run)}: ${loss.toFixed(4)}</title></polyline>`;
  });
  const [width, height] = [x(keys.length) + 90, BOTTOM + 24];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A sweep as parallel coordinates">
<style>svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#3b3b3b}.head{font-weight:600}.axis{stroke:#888}.run{fill:none;stroke:#0072b2;stroke-width:1.5}.best{stroke-width:3}@media(prefers-color-scheme:dark){svg{background:#1f1f1f}text{fill:#ccc}.run{stroke:#56b4e9}}</style>
${axes.join('\n')}
${lines.join('\n')}
</svg>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
