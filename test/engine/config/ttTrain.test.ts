/** tt-train's YAML: recognised, read with its defaults, and held to the rules of its README. */
import { describe, expect, it } from 'vitest';
import {
  isTtTrainConfig,
  readTtTrain,
  shapeOfTransformer,
} from '../../../src/engine/config/ttTrain';
import { writeKeys } from '../../../src/engine/config/writeKeys';

const codes = (text: string) => readTtTrain(text).problems.map(({ code }) => code);
const llama = (lines: string, rest = '') =>
  `training_config:\n  batch_size: 4\ntransformer_config:\n  model_type: llama\n  num_heads: 8\n  num_groups: 4\n  embedding_dim: 512\n  vocab_size: 32000\n${lines}${rest}`;

describe('the rules of its README', () => {
  it.each([
    ['a sound config', llama(''), []],
    [
      'a batch that does not divide over devices',
      llama('', 'device_config:\n  enable_ddp: true\n  mesh_shape: [1, 3]\n'),
      ['tt-train.ddp-batch'],
    ],
    [
      'a vocabulary that fills no tile',
      llama('').replace('32000', '50257'),
      ['tt-train.vocabulary-padded'],
    ],
    [
      'a vocabulary that fills no tile of each device',
      llama('', 'device_config:\n  enable_tp: true\n  mesh_shape: [1, 4]\n').replace(
        '32000',
        '32032',
      ),
      ['tt-train.vocabulary-padded'],
    ],
    [
      'clipping over several hosts',
      `${llama('').replace('batch_size: 4', 'use_clip_grad_norm: true')}multihost_config:\n  enabled: true\n`,
      ['tt-train.clip-multihost'],
    ],
    ['heads that do not divide', llama('').replace('512', '500'), ['tt-train.heads']],
    [
      'groups that do not divide',
      llama('').replace('num_groups: 4', 'num_groups: 3'),
      ['tt-train.groups'],
    ],
    ['heads that fill no tile', llama('').replace('512', '384'), ['tt-train.head-tiles']],
    [
      'a length that fills no tile',
      llama('  max_sequence_length: 100\n'),
      ['tt-train.length-tiles'],
    ],
    [
      'heads that do not divide over devices',
      llama('', 'device_config:\n  enable_tp: true\n  mesh_shape: [1, 8]\n'),
      ['tt-train.tp-split'],
    ],
    [
      'devices that do nothing',
      llama('', 'device_config:\n  mesh_shape: [1, 2]\n'),
      ['tt-train.mesh-idle'],
    ],
    [
      'a setting that an optimizer does not know',
      llama('').replace('batch_size: 4', 'optimizer: { type: SGD, kahan_summation: true }'),
      ['tt-train.no-effect'],
    ],
    [
      'an optimizer that is none',
      llama('').replace('batch_size: 4', 'optimizer: { type: Lion }'),
      ['tt-train.bad-value'],
    ],
    ['text that is no YAML', 'training_config: [', ['tt-train.syntax']],
  ])('%s', (_name, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it('marks the value and says what to write', () => {
    const text = llama('', 'device_config:\n  enable_ddp: true\n  mesh_shape: [1, 3]\n');
    const [problem] = readTtTrain(text).problems;
    expect(text.slice(...problem!.where.range!)).toBe('4');
    expect(problem!.message).toContain('Use 6 or 3');
  });
});

describe('reading', () => {
  it('knows its files from others', () => {
    expect(isTtTrainConfig('# x\ntraining_config:\n')).toBe(true);
    expect(isTtTrainConfig('weightroom: 1\ntrain:\n  training_config: 1\n')).toBe(false);
  });

  it('finds the model in the file, inside the training section, or in the file that it names', () => {
    const nested = 'training_config:\n  transformer_config: { num_blocks: 3 }\n';
    const named = 'training_config:\n  model_config: model.yaml\n';
    const files: Record<string, string> = {
      'model.yaml': 'transformer_config: { num_blocks: 5 }\n',
    };
    const readModelConfig = (path: string) => files[path];
    const blocks = (text: string) =>
      readTtTrain(text, { readModelConfig }).config?.transformer?.num_blocks;
    expect([blocks(llama('  num_blocks: 7\n')), blocks(nested), blocks(named)]).toEqual([7, 3, 5]);
    const missing = readTtTrain('training_config: { model_config: none.yaml }', {
      readModelConfig,
    });
    expect(missing.problems).toMatchObject([{ code: 'tt-train.no-model-config' }]);
  });

  it('rounds the inner width as ttml does, and reads both spellings of tying', () => {
    const shape = (lines: string) =>
      shapeOfTransformer(readTtTrain(llama(lines)).config!.transformer!);
    expect(shape('')).toMatchObject({ family: 'llama', n_inner: 1536, n_kv_head: 4, tied: false });
    expect(shape('  weight_tying: enabled\n').tied).toBe(true);
    expect(shape('  weight_tying: true\n').tied).toBe(true);
  });
});

describe('writing values by their keys', () => {
  it('changes what is there, adds what is not, and leaves the rest', () => {
    const text = llama('  # kept\n');
    const written = writeKeys(text, [
      { key: 'training_config.batch_size', value: '2' },
      { key: 'transformer_config.runner_type', value: 'memory_efficient' },
      { key: 'device_config.enable_tp', value: 'true' },
    ])!;
    const { config } = readTtTrain(written);
    expect(config!.training_config.batch_size).toBe(2);
    expect(config!.transformer!.runner_type).toBe('memory_efficient');
    expect(config!.device_config.enable_tp).toBe(true);
    expect(written).toContain('# kept');
  });

  it('finds a model inside the training section, and none in another file', () => {
    const nested = 'training_config:\n  transformer_config:\n    num_blocks: 3\n';
    const edit = [{ key: 'transformer_config.num_blocks', value: '2' }];
    expect(writeKeys(nested, edit)).toContain('    num_blocks: 2');
    expect(writeKeys('training_config:\n  model_config: m.yaml\n', edit)).toBeUndefined();
  });
});
