/** Speeds of engines that compute different things are not compared: first they must agree. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LlamaShape } from '../../src/engine/model/llama';
import { openModel } from '../../src/engine/model/modelFolder';
import { type EngineName, openEngine } from './engineProcess';
import { prepareModel } from './weights';

const PROMPTS = [[1], [1, 403, 407, 261, 378], [1, 410, 408, 419, 292, 411]];
const TOKENS = 80;

/** @throws naming the first engine whose greedy tokens differ from ours on a trained model */
export async function requireSameTokens(
  engines: readonly EngineName[],
  threads: number,
): Promise<void> {
  const data = process.env['WEIGHTROOM_DATA'] ?? '../shared/data';
  const folder = join(data, 'models', 'stories260K');
  if (!existsSync(folder)) {
    console.log(`equality not checked: ${folder} is not there (WEIGHTROOM_DATA names its place)`);
    return;
  }
  const opened = openModel(folder);
  const shape = opened.model.base as LlamaShape;
  opened.close();
  const paths = prepareModel('stories260K', shape, 'f32', folder);
  const said = new Map<EngineName, string[]>();
  for (const name of engines) {
    const engine = await openEngine(name, { paths, width: 'f32', threads, context: 256 });
    const texts: string[] = [];
    for (const prompt of PROMPTS) {
      const first = (await engine.start(prompt)).tokens;
      texts.push([...first, ...(await engine.decode(TOKENS - 1)).tokens].join(' '));
    }
    await engine.end();
    said.set(name, texts);
  }
  const [[reference, expected] = [undefined, []], ...others] = said;
  for (const [name, texts] of others)
    for (const [i, text] of texts.entries())
      if (text !== expected[i])
        throw new Error(
          `${name} goes on differently from ${reference} after ${PROMPTS[i]!.join(' ')}:\n  ${text}\n  ${expected[i]}`,
        );
  console.log(
    `${[...said.keys()].join(', ')}: the same ${PROMPTS.length * TOKENS} greedy tokens of stories260K`,
  );
}
