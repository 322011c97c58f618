/** What is damaged and given to the readers of tensor files, for each format. */
import { copyFileSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../../src/engine/formats/byteSource';
import { memberSource } from '../../src/engine/formats/zip/zipMember';
import { readZipDirectory, refuseZip } from '../../src/engine/formats/zip/zipDirectory';
import { outcomeOf } from '../engine/formats/outcome';
import type { Member } from '../engine/formats/zipBytes';
import { zipBytes } from '../engine/formats/zipBytes';
import type { FuzzTarget } from './fuzzTarget';
import { mutate, oneOf, splice, type Random } from './mutate';

const EXTERNAL = 'external.data';
const SHARDED = 'hf/llama2-tiny/sharded';
const fixtures = join(import.meta.dirname, '../fixtures');

function read(folder: string, pattern: RegExp): Buffer[] {
  const path = join(fixtures, folder);
  return readdirSync(path)
    .filter(name => pattern.test(name))
    .map(name => readFileSync(join(path, name)));
}

/** Files are read from where the path of the case says, under a name with this ending. */
const target = (ending: string, seeds: () => Buffer[], make = damaged): FuzzTarget => ({
  seeds,
  make,
  judge(bytes, folder) {
    const path = join(folder, `case${ending}`);
    writeFileSync(path, bytes);
    return outcomeOf(path);
  },
});

function damaged(seeds: readonly Buffer[], random: Random): Buffer {
  const seed = oneOf(random, seeds);
  return random() < 0.05 ? splice(seed, oneOf(random, seeds), random) : mutate(seed, random);
}

/** Half of the time inside of an archive whose checksums and sizes are right again. */
function damagedInside(seeds: readonly Buffer[], random: Random): Buffer {
  if (random() < 0.4) return damaged(seeds, random);
  const members = membersOf(oneOf(random, seeds));
  const chosen = random() < 0.8 ? likely(members) : members;
  const index = members.indexOf(oneOf(random, chosen));
  const changed = members.map((member, i) =>
    i === index ? { ...member, data: mutate(Buffer.from(member.data), random) } : member,
  );
  const deflate = random() < 0.2;
  return zipBytes({ members: changed.map(member => ({ ...member, deflate })) });
}

/** The members that are not only numbers. */
function likely(members: readonly Member[]): readonly Member[] {
  const found = members.filter(({ name }) => /data\.pkl$|byteorder$|\.npy$/.test(name));
  return found.length > 0 ? found : members;
}

const unpacked = new Map<Buffer, Member[]>();

function membersOf(archive: Buffer): Member[] {
  const known = unpacked.get(archive);
  if (known) return known;
  const source = {
    bytes: archive.length,
    read: (into: Uint8Array, from: number) => into.set(archive.subarray(from, from + into.length)),
  };
  const members = readZipDirectory(source, 'seed').map(member => ({
    name: member.name,
    data: bytesOf(memberSource(source, member, refuseZip('seed'))),
  }));
  unpacked.set(archive, members);
  return members;
}

export const formatTargets: Readonly<Record<string, FuzzTarget>> = {
  safetensors: target('.safetensors', () => read('safetensors', /^ok_.*\.safetensors$|^proto_key/)),
  'torch-zip': target(
    '.pt',
    () => read('torch', /(zip|protocol\d|untyped|unreadable|script)\.pt$/),
    damagedInside,
  ),
  'torch-legacy': target('.pt', () => read('torch', /legacy\.pt$/)),
  npz: target('.npz', () => read('numpy', /\.npz$/), damagedInside),
  npy: target('.npy', () => read('numpy', /\.npy$/)),
  onnx: {
    ...target('.onnx', () => read('onnx', /\.onnx$/)),
    prepare: folder => copyFileSync(join(fixtures, 'onnx', EXTERNAL), join(folder, EXTERNAL)),
  },
  'shard-index': {
    ...target('.index.json', () => read(SHARDED, /\.index\.json$/)),
    prepare: folder => cpSync(join(fixtures, SHARDED), folder, { recursive: true }),
  },
};
