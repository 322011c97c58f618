/** What keeps a run from going on, read from its folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRunConfig } from '../../../src/engine/run/checkResume';
import { scratchFolder } from '../../durability/scratchFolder';

it('says what is wrong with a config, not what it merely warns of', () => {
  const folder = scratchFolder();
  const config = `weightroom: 1
model: { family: slm, n_layer: 2, n_head: 4, n_embed: 64 }
data: { train: a.txt, tokenizer: bytes }
adapter: { kind: lora, r: 4, targets: [qkv] }
train: { batch_size: 400000 }
`;
  writeFileSync(join(folder, 'config.yaml'), config);
  expect(() => readRunConfig(folder)).toThrow('`train.batch_size` must be a whole number');
});
