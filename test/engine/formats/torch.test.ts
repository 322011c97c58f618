import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { sizeOf } from '../../../src/engine/tensor/tensor';
import { problemOf, tensorsOf, withFile } from './opened';
import { outcomeOf } from './outcome';

const fixtures = join(__dirname, '../../fixtures/torch');
const file = (name: string) => join(fixtures, name);

describe('tensors are those of torch.load, to the bit', () => {
  const expected = readSafetensors(file('zoo.expected.safetensors'));

  it.each(['zoo.zip.pt', 'zoo.legacy.pt', 'zoo.deflated.pt', 'zoo.bigendian.pt'])('%s', name => {
    const found = tensorsOf(file(name));
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [key, tensor] of found) expect(tensor, key).toEqual(expected.get(key));
  });

  it.each(['zoo.zip.pt', 'zoo.legacy.pt', 'zoo.deflated.pt'])('%s, by range', name => {
    withFile(file(name), open => {
      for (const [key, { dtype, shape, data }] of expected) {
        const size = sizeOf(shape);
        for (const [from, to] of [
          [0, size],
          [0, 0],
          [size >> 1, size],
          [size >> 2, (size >> 2) + 1],
        ] as const) {
          if (to > size) continue;
          const range = open.readRange(key, from, to);
          expect(range).toEqual({ dtype, shape: [to - from], data: data.slice(from, to) });
        }
      }
    });
  });

  it('a whole module, named as its state_dict is', () => {
    const wanted = readSafetensors(file('module.expected.safetensors'));
    for (const name of ['module.zip.pt', 'module.legacy.pt'])
      expect(new Map([...tensorsOf(file(name))].sort()), name).toEqual(new Map([...wanted].sort()));
  });

  it('types that only an untyped storage holds', () => {
    withFile(file('untyped.pt'), open => {
      expect(open.read('u16').data).toEqual(Uint16Array.of(1, 2, 3, 65535));
      expect(open.entries.get('f8')).toMatchObject({ dtype: 'F8_E4M3', shape: [4], bytes: 4 });
    });
  });
});

describe('a file says', () => {
  const metadataOf = (name: string) => withFile(file(name), ({ metadata }) => metadata);

  it.each([
    'nested.zip.pt',
    'nested.legacy.pt',
    'nested.protocol3.pt',
    'nested.protocol4.pt',
    'nested.protocol5.pt',
  ])('all that stands beside its tensors, in %s', name => {
    expect(Object.fromEntries(metadataOf(name))).toEqual({
      settings: '__main__.Settings',
      'settings.width': '64',
      'settings.rate': '0.0003',
      'settings.name': 'đổi',
      args: 'argparse.Namespace',
      'args.lr': '0.5',
      'args.tags': "['a', 'b']",
      'list.0': '1',
      'list.1': '[2, 3]',
      'list.2.deep.0': '4',
      'empty.0': '[]',
      'empty.1': '{}',
      'empty.2': '()',
      'counter.a': '2',
      'counter.b': '1',
      'default.k': '[1]',
      deque: '[1, 2]',
      set: '{3}',
      bytes: '2 bytes',
      complex: 'builtins.complex(1.0, 2.0)',
      numbers:
        '[True, None, -1, 255, 65536, 1099511627776, -1180591620717411303424, 1e+300, inf, nan, -0.0, 0.1]',
      path: "pathlib.PurePosixPath('runs', '1')",
      device: "torch.device('cpu')",
      dtype: 'torch.bfloat16',
      size: '(2, 3)',
      scalar: '1.5',
      half: '0.25',
      7: 'seven',
      "(1, 'b')": 'tuple',
      None: 'none',
      'a.b': '1',
      'a.b#2': '2',
      table: '__main__.Table',
      'table.x': '1',
      'table.note': 'attribute',
      row: '__main__.Row',
      'row.0': '1',
      slotted: '__main__.Slotted',
      'slotted.a': '1',
      'circle.0': 'before',
      'circle.1': '…',
    });
  });

  it('which tensors it has, by dotted path', () => {
    const names = withFile(file('nested.zip.pt'), ({ entries }) => [...entries.keys()]);
    expect(names).toEqual([
      'model.blocks.0.attn.qkv.weight',
      'settings.norm',
      'list.2.deep.1',
      'array',
      'fortran',
      'big',
      'shared.0.w',
      'shared.1.w',
      'table.y',
      'row.1',
      'slotted.b',
      'storage',
      'tied.0',
      'tied.1',
    ]);
    expect([...tensorsOf(file('bare.pt')).keys()]).toEqual(['tensor']);
    expect([...tensorsOf(file('list.pt')).keys()]).toEqual(['0', '1.x']);
  });

  it('which classes a module and a script consist of', () => {
    expect(Object.fromEntries(metadataOf('module.zip.pt'))).toMatchObject({
      object: 'torch.nn.modules.container.Sequential',
      0: '__main__.Block',
      '0.width': '3',
      '0.norm': 'torch.nn.modules.batchnorm.BatchNorm1d',
      '1': 'torch.nn.modules.activation.ReLU',
    });
    expect(metadataOf('script.pt').get('object')).toBe('__torch__.Block');
  });

  it('which tensors are one memory', () => {
    withFile(file('nested.zip.pt'), ({ entries }) => {
      expect(entries.get('shared.1.w')?.sameAs).toBe('shared.0.w');
      expect(entries.get('tied.1')?.sameAs).toBeUndefined(); // another shape
    });
    withFile(file('zoo.legacy.pt'), ({ entries }) => {
      expect(entries.get('head_again')?.sameAs).toBe('head');
      expect(entries.get('stepped')?.sameAs).toBeUndefined();
    });
  });

  it('where bytes lie that can be used as they are', () => {
    withFile(file('zoo.zip.pt'), ({ entries }) => {
      expect(entries.get('float32')?.at?.file).toBe(file('zoo.zip.pt'));
      expect(entries.get('float32')!.at!.offset % 64).toBe(0);
      expect(entries.get('transposed')?.at).toBeUndefined();
    });
    for (const name of ['zoo.deflated.pt', 'zoo.bigendian.pt'])
      withFile(file(name), ({ entries }) =>
        expect(entries.get('float32')?.at, name).toBeUndefined(),
      );
  });

  it('reads arrays of NumPy in it', () => {
    const tensors = tensorsOf(file('nested.protocol5.pt'));
    expect(tensors.get('array')?.data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    expect(tensors.get('fortran')?.data).toEqual(Int16Array.of(0, 1, 2, 3, 4, 5));
    expect(tensors.get('big')?.data).toEqual(Int32Array.of(0, 1, 2));
  });
});

describe('what cannot be read is listed, and refused by name', () => {
  it.each([
    ['coo', 'torch.unreadable', /"coo".*sparse tensor \(coo\)/],
    ['csr', 'torch.unreadable', /sparse tensor \(csr\)/],
    ['quantized', 'torch.unsupported-dtype', /QU8/],
    ['complex', 'torch.unsupported-dtype', /C64/],
    ['meta', 'torch.unreadable', /meta device/],
  ])('%s', (name, code, words) => {
    withFile(file('unreadable.pt'), open => {
      expect(open.entries.get(name)).toBeDefined();
      const problem = problemOf(() => open.read(name));
      expect(problem.code).toBe(code);
      expect(problem.message).toMatch(words);
      expect(open.read('fine').data).toEqual(Float32Array.of(1, 1));
    });
  });
});

describe('files of PyTorch from elsewhere', () => {
  const golden = join(fixtures, 'golden');
  const verdicts: Record<string, string> = {
    'crc_corrupt.zip.pt': 'zip.damaged',
    'evil_eval.legacy.pt': 'torch.unsafe-global',
    'evil_eval.zip.pt': 'torch.unsafe-global',
    'evil_os_system.legacy.pt': 'torch.unsafe-global',
    'evil_os_system.zip.pt': 'torch.unsafe-global',
    'evil_raw.pkl': 'file.pickle',
    'path_traversal.zip.pt': 'zip.unsafe-name',
    'truncated.legacy.pt': 'torch.truncated',
    'truncated.zip.pt': 'zip.truncated',
  };
  it.each(readdirSync(golden).filter(name => /\.(pt|pkl)$/.test(name)))('%s', name => {
    expect(outcomeOf(join(golden, name))).toBe(verdicts[name] ?? 'ok');
  });

  const zoo = readSafetensors(join(golden, 'dtype_zoo.expected.safetensors'));
  it.each(['zip', 'legacy', 'deflated', 'other_root', 'torch2_records'])(
    'hold the same: %s',
    kind => {
      const name = kind === 'zip' || kind === 'legacy' ? `dtype_zoo.${kind}.pt` : `${kind}.zip.pt`;
      const found = tensorsOf(join(golden, name));
      expect(new Set(found.keys())).toEqual(new Set(zoo.keys()));
      for (const [key, tensor] of found) expect(tensor, key).toEqual(zoo.get(key));
    },
  );

  it('keep a class that is not known as a record', () => {
    for (const name of ['lora_zip.pt', 'lora_legacy.pt'])
      withFile(join(golden, name), ({ metadata, entries }) => {
        expect(metadata.get('config')).toBe('__main__.SLMconfig');
        expect(metadata.get('config.n_embed')).toBe('64');
        expect(entries.get('lora_state.blocks.0.attn.qkv.lora_B')?.shape).toEqual([192, 4]);
      });
  });

  it('leave nothing behind that they would have run', () => {
    expect(['PWNED_BY_PICKLE', 'PWNED_BY_ZIP'].filter(n => existsSync(join('/tmp', n)))).toEqual(
      [],
    );
  });
});
