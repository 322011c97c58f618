/**
 * The storages that a pickle names: which there are, of what type and size. Where their bytes lie is
 * for the container of the pickle to say.
 */
import type { KnownCall } from './pickleMachine';
import { globalOf } from './pickleMachine';
import type { PyStorage, PyValue } from './pyValue';
import { isObject, isTuple } from './pyValue';
import { elementBytesOf, storageDtype } from './torchTypes';

export class Storages {
  /** By key, the first mention of each. */
  readonly named = new Map<string, PyStorage>();

  /** @param check says whether the container can have such a storage */
  constructor(private readonly check: (storage: PyStorage, at: KnownCall) => void) {}

  /**
   * What a persistent id stands for: `('storage', class, key, device, elements)`, in old files with
   * `(key of the view, offset, elements)` after it, or `('module', class, file, source)`.
   */
  find(id: PyValue, at: KnownCall): PyValue {
    const [kind, cls, key, , elements, view] = isTuple(id) ? id.items : [];
    if (kind === 'module' && cls !== undefined) return cls;
    const name = globalOf(cls)?.name ?? '';
    const dtype = storageDtype(name);
    if (kind !== 'storage' || dtype === undefined)
      return at.refuse(`it names a storage of the unknown type "${name}"`);
    if (typeof key !== 'string' || typeof elements !== 'number' || elements < 0)
      return at.refuse('it names a storage without key or size');
    const elementBytes = elementBytesOf(dtype);
    const storage: PyStorage = { kind: 'storage', key, dtype, elementBytes, elements, from: 0 };
    this.add(storage, at);
    return view === undefined || view === null ? storage : this.part(storage, view, at);
  }

  private add(storage: PyStorage, at: KnownCall): void {
    const { key, elements, elementBytes } = storage;
    const known = this.named.get(key);
    if (known === undefined) {
      this.check(storage, at);
      this.named.set(key, storage);
    } else if (known.elements * known.elementBytes !== elements * elementBytes)
      at.refuse(`it gives storage "${key}" two sizes`);
  }

  private part(storage: PyStorage, view: PyValue, at: KnownCall): PyStorage {
    const [, from, elements] = isObject(view) && view.kind === 'tuple' ? view.items : [];
    const isInside =
      typeof from === 'number' &&
      typeof elements === 'number' &&
      from >= 0 &&
      elements >= 0 &&
      from + elements <= storage.elements;
    if (!isInside) return at.refuse('a part of a storage lies outside of it');
    return { ...storage, from, elements };
  }
}
