/** The devices in a column's menu: those that are there, and why the others are not. Pure. */
import type { DeviceChoice, RuntimeDevice } from '../../src/protocol/runtimeDevice';
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
  chosen: RuntimeDevice,
  choose: (device: RuntimeDevice) => void,
): MenuItem[] {
  const choices = state.kind === 'known' ? state.found : assumed(chosen);
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

const labelOf = (device: RuntimeDevice): string =>
  device === 'cpu' ? 'On the CPU' : `By ${deviceWords[device]}`;

const detailOf = (detail: string): { detail?: string } => (detail === '' ? {} : { detail });

const assumed = (chosen: RuntimeDevice): DeviceChoice[] =>
  [...new Set(['cpu' as const, chosen])].map(name => ({ name, details: '', reason: null }));

function pending(state: Exclude<DevicesState, { kind: 'known' }>): MenuItem {
  const isLooking = state.kind === 'looking';
  return {
    label: isLooking ? 'Looking for other devices…' : 'Other devices are not known',
    ...detailOf(isLooking ? '' : (state.why ?? '')),
    isDisabled: true,
    choose: () => undefined,
  };
}
