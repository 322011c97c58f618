/** The devices in a column's menu: those that are there first, and why the others are not. Pure. */
import { type DeviceChoice, type DeviceName, isRuntimeDevice } from '../../src/protocol/devices';
import type { ColumnRun } from '../../src/protocol/sandboxView';
import type { MenuItem } from '../controls/menu';
import { deviceWords } from './words';

export type DevicesState =
  /** Nobody has asked, or why there was no answer. */
  | { readonly kind: 'unknown'; readonly why: string | null }
  | { readonly kind: 'looking' }
  | { readonly kind: 'known'; readonly found: readonly DeviceChoice[] };

/** The processor and the device that the column has stand there before anything is known. */
export function deviceItems(
  state: DevicesState,
  chosen: DeviceName,
  choose: (device: DeviceName) => void,
): MenuItem[] {
  const choices = state.kind === 'known' ? state.found.toSorted(thoseThereFirst) : assumed(chosen);
  const items = choices.map(({ name, details, reason }, i): MenuItem => ({
    label: labelOf(name),
    ...detailOf(reason ?? (name === 'cpu' ? '' : details)),
    isChecked: name === chosen,
    isDisabled: reason !== null,
    startsGroup: i === 0,
    choose: () => choose(name),
  }));
  return state.kind === 'known' ? items : [...items, pending(state)];
}

/** Whether a column can be run so: devices beyond the runtime have no cache, and weights as they are. */
export const isPossible = ({ device, backend, bits }: ColumnRun): boolean =>
  isRuntimeDevice(device) || (backend === 'nocache' && bits === null);

/** The same run, or the only one that its device has. */
export const onItsDevice = (run: ColumnRun): ColumnRun =>
  isPossible(run) ? run : { ...run, backend: 'nocache', bits: null };

const thoseThereFirst = (a: DeviceChoice, b: DeviceChoice): number =>
  Number(a.reason !== null) - Number(b.reason !== null);

const labelOf = (device: DeviceName): string =>
  device === 'cpu' ? 'On the CPU' : `By ${deviceWords[device]}`;

const detailOf = (detail: string): { detail?: string } => (detail === '' ? {} : { detail });

const assumed = (chosen: DeviceName): DeviceChoice[] =>
  [...new Set<DeviceName>(['cpu', chosen])].map(name => ({ name, details: '', reason: null }));

function pending(state: Exclude<DevicesState, { kind: 'known' }>): MenuItem {
  const isLooking = state.kind === 'looking';
  return {
    label: isLooking ? 'Looking for other devices…' : 'Other devices are not known',
    ...detailOf(isLooking ? '' : (state.why ?? '')),
    isDisabled: true,
    choose: () => undefined,
  };
}
