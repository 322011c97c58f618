/** transformers.js on onnxruntime-node, with its own defaults but for the number of threads. */
import { serveEngine } from './serveEngine';
import { widths } from './shapes';

interface Ids {
  tolist(): bigint[][];
}
interface Model {
  generate(options: {
    input_ids: Ids;
    attention_mask: Ids;
    past_key_values: unknown;
    max_new_tokens: number;
    do_sample: boolean;
  }): Promise<Ids>;
}
interface TransformersJs {
  env: { localModelPath: string; allowRemoteModels: boolean };
  AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Model> };
  DynamicCache: new () => unknown;
  Tensor: new (dtype: 'int64', data: BigInt64Array, dims: number[]) => Ids;
}

/** A name that the compiler does not look up: the package is installed for benchmarks only. */
const PACKAGE: string = '@huggingface/transformers';

serveEngine(async ({ paths, width, threads }) => {
  const { env, AutoModelForCausalLM, DynamicCache, Tensor } = (await import(
    PACKAGE
  )) as TransformersJs;
  env.localModelPath = paths.onnx.root;
  env.allowRemoteModels = false;
  const model = await AutoModelForCausalLM.from_pretrained(paths.onnx.name, {
    dtype: widths[width].dtype,
    device: 'cpu',
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  let ids: number[] = [];
  let cache: unknown;
  const decode = async (count: number): Promise<number[]> => {
    const dims = [1, ids.length];
    const made = await model.generate({
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), dims),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
      past_key_values: cache,
      max_new_tokens: count,
      do_sample: false,
    });
    const known = ids.length;
    ids = made.tolist()[0]!.map(Number);
    return ids.slice(known);
  };
  return {
    async start(prompt) {
      ids = [...prompt];
      cache = new DynamicCache();
      return (await decode(1))[0]!;
    },
    decode,
  };
});
