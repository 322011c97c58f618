import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { encodeHeader } from '../../../src/engine/formats/encodeSafetensors';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { sizeOf, tensor } from '../../../src/engine/tensor/tensor';
import { TensorsSession } from '../../../src/host/tensors/tensorsSession';
import type { HostMessage, RequestName, Requests } from '../../../src/protocol/tensors';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const fixtures = join(__dirname, '../../fixtures');

/** A session whose answers can be awaited. */
function open(path: string) {
  const posted: HostMessage[] = [];
  const waiting = new Map<number, (message: HostMessage) => void>();
  const calls: unknown[][] = [];
  const session = new TensorsSession({
    path,
    label: 'models/x',
    post: message => {
      posted.push(message);
      if (message.type === 'reply') waiting.get(message.id)?.(message);
    },
    ports: {
      copy: text => Promise.resolve(void calls.push(['copy', text])),
      openAsText: () => Promise.reject(new Error('no text')),
    },
  });
  let id = 0;
  const ask = async <K extends RequestName>(request: K, params: Requests[K]['params']) => {
    const own = id++;
    const reply = new Promise<HostMessage>(resolve => waiting.set(own, resolve));
    void session.receive({ id: own, request, params });
    return (await reply) as {
      value?: Requests[K]['result'];
      error?: { code: string; message: string };
    };
  };
  opened.push(session);
  return { session, posted, calls, ask };
}

const opened: TensorsSession[] = [];
afterEach(() => {
  for (const session of opened.splice(0)) session.dispose();
});

/** Zeros that take no room on the disk. */
function sparse(name: string, shapes: number[][]): string {
  const path = join(folder, name);
  const heads = shapes.map((shape, i) => ({
    name: `w${i}`,
    dtype: 'F32',
    shape,
    bytes: sizeOf(shape) * 4,
  }));
  const head = encodeHeader(heads);
  writeFileSync(path, head);
  truncateSync(path, head.byteLength + heads.reduce((sum, { bytes }) => sum + bytes, 0));
  return path;
}

describe('a file', () => {
  it('is a snapshot, the same however often it is asked for', async () => {
    const { ask } = open(join(fixtures, 'torch/nested.zip.pt'));
    const [first, second] = await Promise.all([ask('ready', null), ask('ready', null)]);
    expect(first.value).toEqual(second.value);
    expect(first.value?.file).toEqual({
      name: 'nested.zip.pt',
      path: 'models/x',
      bytes: 4844,
      isTokenBin: false,
    });
    expect(first.value?.problem).toBeNull();
    const { table, metadata, format } = first.value!.contents!;
    expect(format).toBe('torch');
    expect(table.names).toContain('settings.norm');
    expect(table.bytes).toBeInstanceOf(ArrayBuffer);
    expect(metadata).toContainEqual(['settings', '__main__.Settings']);
  });

  it('that is refused is a problem and no error, and its path is not told', async () => {
    const { ask } = open(join(fixtures, 'torch/golden/evil_eval.zip.pt'));
    const { value } = await ask('ready', null);
    expect(value?.contents).toBeNull();
    expect(value?.problem).toMatchObject({ code: 'torch.unsafe-global', byte: expect.any(Number) });
    expect(value?.problem?.message).toMatch(/^evil_eval\.zip\.pt cannot be read: .*builtins\.eval/);
    expect((await ask('statistics', { tensor: 'w' })).error?.message).toBe('The file is not open.');
  });

  it('of ten gigabytes is open without being read', async () => {
    const { ask } = open(
      sparse(
        'ten.safetensors',
        Array.from({ length: 40 }, () => [8192, 8192]),
      ),
    );
    const { value } = await ask('ready', null);
    expect(value?.file.bytes).toBeGreaterThan(10e9);
    expect(value?.contents?.table.names).toHaveLength(40);
  });

  it('that has changed is said to have, once it was shown, and read anew', async () => {
    const path = join(folder, 'changes.safetensors');
    const write = (...values: number[]) =>
      writeSafetensors(
        disk,
        path,
        new Map([['w', tensor('float32', [values.length], Float32Array.from(values))]]),
      );
    write(1, 2, 3);
    const { session, posted, ask } = open(path);
    session.fileChanged(false);
    expect(posted).toEqual([]);
    await ask('ready', null);
    expect((await ask('statistics', { tensor: 'w' })).value?.max).toBe(3);
    write(7, 8);
    session.fileChanged(false);
    expect(posted.at(-1)).toEqual({ type: 'fileChanged', isMissing: false });
    await ask('reload', null);
    expect((await ask('statistics', { tensor: 'w' })).value).toMatchObject({ count: 2, max: 8 });
  });
});

describe('numbers', () => {
  it('of many slices are those of the whole', async () => {
    const path = join(folder, 'slices.safetensors');
    const count = 10_000_000;
    const values = new Float32Array(count);
    values[0] = -4;
    values[9_999_999] = 6;
    values[5_000_000] = NaN;
    writeSafetensors(disk, path, new Map([['w', tensor('float32', [count], values)]]));
    const { ask } = open(path);
    await ask('ready', null);
    const { value } = await ask('statistics', { tensor: 'w' });
    expect(value).toMatchObject({ count, nan: 1, infinite: 0, zeros: count - 3, min: -4, max: 6 });
    expect(value?.mean).toBeCloseTo(2 / (count - 1), 12);
    expect(value?.deviation).toBeCloseTo(Math.sqrt(52 / (count - 1)), 8);
    const { value: histogram } = await ask('histogram', { tensor: 'w' });
    const inside = new Float64Array(histogram!.counts).reduce((a, b) => a + b, 0);
    expect(inside + histogram!.below + histogram!.above).toBe(count - 1);
  });

  it('that are not wanted any more are given up, and told of until then', async () => {
    const { posted, ask } = open(sparse('large.safetensors', [[1 << 28], [4]]));
    await ask('ready', null);
    const large = ask('statistics', { tensor: 'w0' });
    while (!posted.some(({ type }) => type === 'progress'))
      await new Promise(resolve => setTimeout(resolve, 5));
    const small = await ask('statistics', { tensor: 'w1' });
    expect((await large).value).toBeNull();
    expect(small.value).toMatchObject({ count: 4, zeros: 4, mean: 0 });
    const shares = posted.flatMap(post => (post.type === 'progress' ? [post.share] : []));
    expect(shares.every(share => share > 0 && share < 1)).toBe(true);
  });

  it('of nothing, or of no number, are told as such', async () => {
    const path = join(folder, 'none.safetensors');
    writeSafetensors(
      disk,
      path,
      new Map([
        ['nan', tensor('float32', [2], Float32Array.of(NaN, Infinity))],
        ['empty', tensor('float32', [0, 3], new Float32Array())],
      ]),
    );
    const { ask } = open(path);
    await ask('ready', null);
    const wanted = { min: null, max: null, mean: null, deviation: null };
    expect((await ask('statistics', { tensor: 'nan' })).value).toMatchObject({
      nan: 1,
      infinite: 1,
      ...wanted,
    });
    expect((await ask('statistics', { tensor: 'empty' })).value).toMatchObject({
      count: 0,
      ...wanted,
    });
    expect((await ask('histogram', { tensor: 'nan' })).value).toBeNull();
  });

  it('of what cannot be read are an error with its code', async () => {
    const { ask } = open(join(fixtures, 'torch/unreadable.pt'));
    await ask('ready', null);
    expect((await ask('statistics', { tensor: 'coo' })).error?.code).toBe('torch.unreadable');
    expect((await ask('statistics', { tensor: 'nothing' })).error?.message).toMatch(
      /no tensor "nothing"/,
    );
    const region = { top: 0, bottom: 1, left: 0, right: 1 };
    for (const request of ['cells', 'values'] as const) {
      const params = {
        tensor: 'nothing',
        region,
        ...(request === 'cells' && { rows: 1, columns: 1 }),
      };
      expect((await ask(request, params as never)).error?.message).toMatch(/no tensor/);
    }
  });

  it('of a region that is not there are an error, and the next answer is right', async () => {
    const { ask } = open(join(fixtures, 'numpy/float32.npy'));
    await ask('ready', null);
    const far = { top: 5, bottom: 6, left: 0, right: 3 };
    expect(
      (await ask('cells', { tensor: 'float32', region: far, rows: 1, columns: 3 })).value?.share,
    ).toBe(0);
    const near = { top: 1, bottom: 2, left: 0, right: 3 };
    const { value } = await ask('values', { tensor: 'float32', region: near });
    expect([...new Float64Array(value!.numbers)]).toEqual([3, 4, 5]);
  });
});

it('goes on after its thread had to be ended', async () => {
  const { session, ask } = open(join(fixtures, 'numpy/float32.npy'));
  await ask('ready', null);
  session.dispose();
  expect((await ask('statistics', { tensor: 'float32' })).value).toMatchObject({
    count: 6,
    max: 5,
  });
});

it('does what the view asks for in the world, and tells when that failed', async () => {
  const { calls, ask } = open(join(fixtures, 'numpy/float32.npy'));
  expect((await ask('copy', { text: 'w' })).value).toBeNull();
  expect(calls).toEqual([['copy', 'w']]);
  expect((await ask('openAsText', null)).error).toEqual({
    code: 'tensors.failed',
    message: 'no text',
  });
});

it('drops what is not in its table', async () => {
  const { session, posted } = open(join(fixtures, 'numpy/float32.npy'));
  for (const message of [null, 'ready', { id: 1, request: 'eval', params: 'x' }])
    await session.receive(message);
  expect(posted).toEqual([]);
});
