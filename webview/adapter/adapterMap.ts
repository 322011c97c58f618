/** The layers of an adapter as a picture: layers across, modules down, each cell a number. Pure. */
import { type ModelLayout, modelLayout } from '../controls/modelLayout';
import { moduleLabel } from '../controls/parameterName';
import { type Metric, type Row, scaleEnd, shareOnScale, type Side, valueOf } from './adapterRows';

export interface MapCell {
  readonly row: Row;
  readonly value: number | null;
  /** 0 to 1 on the ramp; NaN where there is no number. */
  readonly share: number;
  /** Layers of the model in this cell. */
  readonly count: number;
}

export interface AdapterMap {
  readonly layout: ModelLayout;
  /** Row by row; undefined where the adapters change nothing. */
  readonly cells: readonly (MapCell | undefined)[];
  /** Outside of layers. */
  readonly others: readonly { readonly label: string; readonly cell: MapCell }[];
  /** End of the ramp, which begins at 0. */
  readonly end: number;
}

/** Where cells are put together, the largest number is shown. */
export function adapterMap(rows: readonly Row[], metric: Metric, side: Side): AdapterMap {
  const layout = modelLayout(rows.map(({ place }) => place));
  const { modules, layers, cellOf } = layout;
  const end = scaleEnd(rows, metric);
  const cells = new Array<MapCell | undefined>(modules.length * layers.length).fill(undefined);
  const others: { label: string; cell: MapCell }[] = [];
  rows.forEach((row, i) => {
    const value = valueOf(row, metric, side);
    const cell = { row, value, share: shareOnScale(value, end), count: 1 };
    const at = cellOf[i];
    if (at === undefined) others.push({ label: moduleLabel(row.place.module), cell });
    else cells[at] = larger(cells[at], cell);
  });
  return { layout, cells, others, end };
}

function larger(before: MapCell | undefined, cell: MapCell): MapCell {
  if (!before) return cell;
  const isLarger = (cell.share || 0) > (before.share || 0);
  return { ...(isLarger ? cell : before), count: before.count + 1 };
}
