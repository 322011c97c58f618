/** llama.cpp by way of node-llama-cpp, with its own defaults but for the number of threads. */
import { serveEngine } from './serveEngine';

interface Sequence {
  clearHistory(): Promise<void>;
  evaluate(
    tokens: number[],
    options: { temperature: number; yieldEogToken: boolean },
  ): AsyncGenerator<number, void>;
}
interface Model {
  createContext(options: {
    contextSize: number;
    threads: number;
  }): Promise<{ getSequence(): Sequence }>;
}
interface NodeLlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string; gpuLayers: number }): Promise<Model>;
  }>;
}

/** A name that the compiler does not look up: the package is installed for benchmarks only. */
const PACKAGE: string = 'node-llama-cpp';

serveEngine(async ({ paths, threads, context }) => {
  const { getLlama } = (await import(PACKAGE)) as NodeLlamaCpp;
  const llama = await getLlama({
    ...{ gpu: false, build: 'never', maxThreads: threads, progressLogs: false },
    logLevel: process.env['BENCH_VERBOSE'] ? 'debug' : 'error',
  });
  const model = await llama.loadModel({ modelPath: paths.gguf, gpuLayers: 0 });
  const opened = await model.createContext({ contextSize: context, threads });
  const sequence = opened.getSequence();
  let tokens: AsyncGenerator<number, void> | undefined;
  const take = async (count: number): Promise<number[]> => {
    const taken: number[] = [];
    while (taken.length < count) {
      const next = await tokens!.next();
      if (next.done) throw new Error('llama.cpp stopped');
      taken.push(next.value);
    }
    return taken;
  };
  return {
    async start(prompt) {
      await tokens?.return(undefined);
      await sequence.clearHistory();
      tokens = sequence.evaluate([...prompt], { temperature: 0, yieldEogToken: true });
      return (await take(1))[0]!;
    },
    decode: take,
  };
});
