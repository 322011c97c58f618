/** A small checkpoint whose values tell its step, for tests that compare bits. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../../src/engine/run/checkpoint';
import { tensor } from '../../src/engine/tensor/tensor';

export function sampleCheckpoint(step: number, values = 64): Checkpoint {
  const filled = (offset: number) =>
    tensor(
      'float32',
      [values],
      Float32Array.from({ length: values }, (_, i) => step + offset + i),
    );
  return {
    step,
    weights: new Map([
      ['token_emb.weight', filled(0.25)],
      ['ln_f.weight', filled(0.5)],
    ]),
    weightsFile: 'model.safetensors',
    extraFiles: new Map([['config.json', '{"family":"slm"}\n']]),
    optimizer: new Map([['m.ln_f.weight', filled(0.125)]]),
    state: {
      step,
      seed: 1337,
      tokens: step * 128,
      configHash: 'c',
      dataHash: 'd',
      versions: { weightroom: '0' },
      threads: 2,
      device: 'cpu',
    },
  };
}

/** Every file under `folder` by its relative path. */
export function filesUnder(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
      .map(path => [path.slice(folder.length + 1), readFileSync(path)]),
  );
}
