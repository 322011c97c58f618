/** Errors of layers as a picture: layers across, modules down, each cell its worst. Pure. */
import type { LayerError } from '../../src/protocol/runEvent';
import { type ModelLayout, modelLayout } from '../controls/modelLayout';
import { moduleLabel, modelPlaceOf } from '../controls/parameterName';

export interface ErrorMap {
  readonly layout: ModelLayout;
  /** The worst of each cell, row by row; undefined where nothing is in few bits. */
  readonly cells: readonly (LayerError | undefined)[];
  /** Outside of layers, with what they are called. */
  readonly others: readonly { readonly label: string; readonly error: LayerError }[];
}

export function errorMap(errors: readonly LayerError[]): ErrorMap {
  const places = errors.map(([layer]) => modelPlaceOf(layer));
  const layout = modelLayout(places);
  const cells = Array.from<LayerError | undefined>({
    length: layout.modules.length * layout.layers.length,
  });
  const others: { label: string; error: LayerError }[] = [];
  for (const [i, error] of errors.entries()) {
    const at = layout.cellOf[i];
    if (at === undefined) others.push({ label: moduleLabel(places[i]!.module), error });
    else cells[at] = worse(cells[at], error);
  }
  return { layout, cells, others };
}

const worse = (before: LayerError | undefined, error: LayerError): LayerError =>
  before && before[1] >= error[1] ? before : error;
