/** How far layers in few bits are from their weights, in lines. */
import type { LayerError } from '../protocol/runEvent';
import { table } from './table';

/**
 * @param errors worst first, each a share of the size of the original weight
 * @param form what the layers are held in: "NF4"
 * @param most lines; all of them when it is undefined
 */
export function layerLines(errors: readonly LayerError[], form: string, most = Infinity): string[] {
  if (errors.length === 0) return [];
  const shown = errors.slice(0, most);
  const left = errors.length - shown.length;
  const rows = shown.map(([layer, error]) => [layer, `${(100 * error).toFixed(2)} %`]);
  return [
    '',
    `Layers in ${form} by the error of their weights, ‖W − ${form}(W)‖ / ‖W‖, worst first:`,
    ...table([['layer', 'error'], ...rows]).map(line => `  ${line}`),
    ...(left > 0 ? [`  and ${left} more: --layers ${errors.length} shows all`] : []),
  ];
}
