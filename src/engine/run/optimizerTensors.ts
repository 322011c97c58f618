/** The optimizer's state as the tensors of a checkpoint, and back: two moments of each parameter. */
import type { Tensor, TensorData } from '../tensor/tensor';
import type { AdamWState, Moments, MomentStore } from '../train/adamW';
import type { Blockwise } from '../tensor/blockwise';

const NAMES = ['first', 'second'] as const;

/** The numbers of each are asked for when they are needed: they may lie on the disk. */
export function optimizerTensors(
  trainable: ReadonlyMap<string, Pick<Tensor, 'shape'>>,
  state: MomentStore,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const momentsOf = lastAsked(state);
  for (const [parameter, { shape }] of trainable)
    for (const name of NAMES) {
      const moment = () => momentsOf(parameter)[name];
      const blocks = () => moment() as Blockwise;
      const key = `${name}/${parameter}`;
      const now = moment();
      if (now instanceof Float32Array)
        tensors.set(
          key,
          later('float32', shape, () => moment() as Float32Array),
        );
      else {
        tensors.set(
          `${key}.codes`,
          later('uint8', shape, () => blocks().codes),
        );
        const { length } = now.largest;
        tensors.set(
          `${key}.largest`,
          later('float32', [length], () => blocks().largest),
        );
      }
    }
  return tensors;
}

const later = <D extends 'float32' | 'uint8'>(
  dtype: D,
  shape: readonly number[],
  data: () => TensorData<D>,
): Tensor<D> => ({
  dtype,
  shape,
  get data() {
    return data();
  },
});

/** Both moments of a parameter are asked for one after the other. */
function lastAsked(state: MomentStore): (parameter: string) => Moments {
  let last: { parameter: string; moments: Moments } | undefined;
  return parameter => {
    if (last?.parameter !== parameter) {
      const moments = state.get(parameter);
      if (!moments) throw new Error(`no moments of ${parameter}`);
      last = { parameter, moments };
    }
    return last.moments;
  };
}

export function restoreState(tensors: ReadonlyMap<string, Tensor>): AdamWState {
  const parameters = [...tensors.keys()].flatMap(
    key => /^first\/(.+?)(\.codes)?$/.exec(key)?.[1] ?? [],
  );
  const isHeld = (parameter: string) =>
    tensors.has(`first/${parameter}`) || tensors.has(`first/${parameter}.codes`);
  return new Map(
    parameters.filter(isHeld).map(parameter => {
      const [first, second] = NAMES.map(name => momentOf(tensors, `${name}/${parameter}`));
      return [parameter, { first, second } as Moments];
    }),
  );
}

function momentOf(tensors: ReadonlyMap<string, Tensor>, key: string): Float32Array | Blockwise {
  const whole = tensors.get(key)?.data;
  if (whole instanceof Float32Array) return whole;
  const codes = tensors.get(`${key}.codes`)?.data;
  const largest = tensors.get(`${key}.largest`)?.data;
  if (codes instanceof Uint8Array && largest instanceof Float32Array) return { codes, largest };
  throw new Error(`the checkpoint has no moments ${key}`);
}
