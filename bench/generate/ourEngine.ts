/** This project's engine, as the command line opens it. */
import { openGenerator } from '../../src/engine/generate/generate';
import { GREEDY } from '../../src/engine/generate/sampleToken';
import { weightsOf } from '../../src/engine/generate/weightsOf';
import { openModel } from '../../src/engine/model/modelFolder';
import { serveEngine } from './serveEngine';
import { widths } from './shapes';

serveEngine(async ({ paths, width, threads, context }) => {
  const opened = openModel(paths.folder);
  const { bits } = widths[width];
  const { weights } = await weightsOf(opened, { bits, cacheDir: paths.cacheDir });
  const generator = openGenerator(opened.model, weights, { threads });
  let tokens: AsyncGenerator<{ token: number }> | undefined;
  const take = async (count: number): Promise<number[]> => {
    const taken: number[] = [];
    while (taken.length < count) {
      const { value } = (await tokens!.next()) as { value: { token: number } };
      taken.push(value.token);
    }
    return taken;
  };
  return {
    async start(prompt) {
      await tokens?.return(undefined);
      tokens = generator.generate([prompt], { ...GREEDY, maxTokens: context, seed: 1 });
      return (await take(1))[0]!;
    },
    decode: take,
  };
});
