/** The map as an SVG of its own, in the colours of a light theme: for papers and pages. */
import { element, escape, text } from '../../src/curves/svg';
import { cssColour, rampColour } from '../theme/ramp';
import type { AdapterApp } from './adapterApp';
import type { MapCell } from './adapterMap';
import { isOwn } from './adapterRows';
import { metricLabels, metricText } from './texts';

const [CELL, LEFT, TOP, RAMP] = [22, 150, 56, 160];
const STEPS = 24;
const INK = '#3b3b3b';

export function adapterPicture(app: AdapterApp): string {
  const { layout, cells, others, end } = app.map;
  const { modules, labels, layers } = layout;
  const width = Math.max(LEFT + layers.length * CELL + 16, LEFT + RAMP + 120);
  const footAt = TOP + modules.length * CELL + 20;
  const height = footAt + others.length * CELL + 44;
  const title = titleOf(app);
  const small = { 'font-size': 11, fill: INK };
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      ...{ width, height, role: 'img', 'aria-label': title },
      'font-family': 'system-ui, sans-serif',
    },
    element('rect', { width, height, fill: '#ffffff' }),
    text(title, { x: 12, y: 26, 'font-size': 14, 'font-weight': 600, fill: INK }),
    ...modules.flatMap((_, row) => [
      text(labels[row]!, { ...small, x: LEFT - 8, y: TOP + row * CELL + 15, 'text-anchor': 'end' }),
      ...layers.map((_, column) =>
        square(app, cells[row * layers.length + column], LEFT + column * CELL, TOP + row * CELL),
      ),
    ]),
    ...layers.map(([from], column) =>
      text(String(from), {
        ...{ ...small, x: LEFT + (column + 0.5) * CELL - 0.5, y: footAt - 6 },
        'text-anchor': 'middle',
      }),
    ),
    ...others.flatMap(({ label, cell }, i) => [
      text(label, { ...small, x: LEFT - 8, y: footAt + i * CELL + 15, 'text-anchor': 'end' }),
      square(app, cell, LEFT, footAt + i * CELL),
    ]),
    ...legend(app, end, footAt + others.length * CELL + 12),
  );
}

function titleOf(app: AdapterApp): string {
  const { first, second, metric } = app;
  const label = metricLabels[metric];
  if (!second) return `${first?.name ?? ''}: ${label}`;
  if (!isOwn(metric)) return `${first?.name ?? ''} and ${second.name}: ${label}`;
  return `${(app.side === 'first' ? first : second)?.name ?? ''}: ${label}`;
}

function square(app: AdapterApp, cell: MapCell | undefined, x: number, y: number): string {
  const at = { x, y, width: CELL - 1, height: CELL - 1 };
  if (!cell || Number.isNaN(cell.share))
    return element('rect', { ...at, fill: 'none', stroke: '#dddddd' });
  const said = `${cell.row.layer}: ${metricText(app.metric, cell.value)}`;
  const fill = cssColour(rampColour('light', cell.share));
  return element('rect', { ...at, fill }, element('title', {}, escape(said)));
}

function legend(app: AdapterApp, end: number, y: number): string[] {
  const small = { 'font-size': 11, fill: INK, y: y + 10 };
  const step = RAMP / STEPS;
  return [
    text('0', { ...small, x: LEFT - 8, 'text-anchor': 'end' }),
    ...Array.from({ length: STEPS }, (_, i) =>
      element('rect', {
        ...{ x: LEFT + i * step, y, width: step + 0.5, height: 12 },
        fill: cssColour(rampColour('light', i / (STEPS - 1))),
      }),
    ),
    text(metricText(app.metric, end), { ...small, x: LEFT + RAMP + 8 }),
  ];
}
