/**
 * What a pickle holds, as plain data: Python's own values, and everything else by the name of its
 * class. Nothing here is ever run.
 */
import type { SizedDtype } from '../foreignDtypes';
import type { StoredTensor } from '../storedTensors';

/** Whole numbers are JavaScript's, as bigint where they must be; others are a `PyFloat`. */
export type PyValue = null | boolean | number | bigint | string | PyObject;

export type PyObject =
  | PyFloat
  | PyBytes
  | PyList
  | PyDict
  | PyGlobal
  | PyRecord
  | PyTensor
  | PyStorage
  | PyArray
  | PyNumpyDtype;

export interface PyFloat {
  readonly kind: 'float';
  readonly value: number;
}

/** Bytes that were left where they are in the pickle, or came from text. */
export interface PyBytes {
  readonly kind: 'bytes';
  readonly content: { readonly at: number; readonly bytes: number } | Uint8Array;
}

export interface PyList {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PyValue[];
}

export interface PyDict {
  readonly kind: 'dict';
  readonly entries: Map<PyValue, PyValue>;
}

/** The name of a class or function. */
export interface PyGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** An object of a class that is not known: what would be needed to build it again. */
export interface PyRecord {
  readonly kind: 'record';
  readonly className: string;
  readonly args: readonly PyValue[];
  state?: PyValue;
  /** Of a class that is also a list. */
  items?: PyValue[];
  /** Of a class that is also a dict. */
  entries?: Map<PyValue, PyValue>;
}

/** A run of elements that tensors are views of. */
export interface PyStorage {
  readonly kind: 'storage';
  readonly key: string;
  readonly dtype: SizedDtype;
  readonly elementBytes: number;
  readonly elements: number;
  /** Element of the storage `key` at which this one begins. */
  readonly from: number;
}

export interface PyTensor {
  readonly kind: 'tensor';
  readonly dtype: SizedDtype;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Absent when there is nothing to be read. */
  readonly view?: {
    readonly storage: PyStorage;
    /** In elements of `dtype`. */
    readonly offset: number;
    readonly strides: readonly number[];
  };
  /** What it is, where its elements cannot be read. */
  readonly unreadable?: string;
}

export interface PyNumpyDtype {
  readonly kind: 'numpy-dtype';
  readonly descr: string;
  swapped: boolean;
}

/** An array of NumPy; what it holds is known once its state has been read. */
export interface PyArray {
  readonly kind: 'array';
  content?: Omit<StoredTensor, 'source' | 'start'> & { readonly data: PyBytes };
}

export const isObject = (value: PyValue): value is PyObject =>
  typeof value === 'object' && value !== null;

export const isTuple = (value: PyValue | undefined): value is PyList =>
  value !== undefined && isObject(value) && value.kind === 'tuple';
