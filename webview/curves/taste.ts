/**
 * What the view remembers for itself: how its user likes to look at curves. No facts: those come
 * from the host each time.
 */
import type { Axis } from '../../src/protocol/curves';

export interface Taste {
  axis: Axis;
  xLog: boolean;
  yLog: boolean;
  smoothing: number;
  raw: boolean;
  validation: boolean;
  /** Runs that are open but not drawn. */
  hidden: string[];
  highlighted: string | null;
  /** Visible range in units of the axis; null = everything. */
  zoom: [number, number] | null;
  /** Events whose card is not to be shown by itself: `run:seq`. */
  muted: string[];
  table: boolean;
  /** Runs of the view, in order; null = not known yet. */
  opened: string[] | null;
}

const plain: Taste = {
  axis: 'step',
  xLog: false,
  yLog: true,
  smoothing: 0.8,
  raw: true,
  validation: true,
  hidden: [],
  highlighted: null,
  zoom: null,
  muted: [],
  table: false,
  opened: null,
};

/** The remembered taste as far as it is one, whatever the memory holds. */
export function tasteFrom(memory: unknown): Taste {
  if (typeof memory !== 'object' || memory === null) return { ...plain };
  const kept = memory as Partial<Record<keyof Taste, unknown>>;
  const flag = (key: 'xLog' | 'yLog' | 'raw' | 'validation' | 'table') =>
    typeof kept[key] === 'boolean' ? kept[key] : plain[key];
  const axes: readonly unknown[] = ['step', 'tokens', 'seconds'] satisfies Axis[];
  return {
    axis: axes.includes(kept.axis) ? (kept.axis as Axis) : plain.axis,
    xLog: flag('xLog'),
    yLog: flag('yLog'),
    smoothing: isShare(kept.smoothing) ? kept.smoothing : plain.smoothing,
    raw: flag('raw'),
    validation: flag('validation'),
    hidden: stringsIn(kept.hidden) ?? [],
    highlighted: typeof kept.highlighted === 'string' ? kept.highlighted : null,
    zoom: rangeIn(kept.zoom),
    muted: stringsIn(kept.muted) ?? [],
    table: flag('table'),
    opened: stringsIn(kept.opened),
  };
}

const isShare = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < 1;

const stringsIn = (value: unknown): string[] | null =>
  Array.isArray(value) ? value.filter(item => typeof item === 'string') : null;

function rangeIn(value: unknown): [number, number] | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [from, to] = value as unknown[];
  return typeof from === 'number' && typeof to === 'number' && from < to ? [from, to] : null;
}
