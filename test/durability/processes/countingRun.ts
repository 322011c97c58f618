/**
 * The process of a run that trains nothing: its weights are a function of the step before, so that
 * a lost or repeated step shows. Everything around it is real.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { saveCheckpoint } from '../../../src/engine/run/checkpoint';
import { pruneCheckpoints } from '../../../src/engine/run/checkpointList';
import type { Execute } from '../../../src/engine/run/runProcess';
import { runProcess } from '../../../src/engine/run/runProcess';
import { hashJson } from '../../../src/engine/run/validateResume';
import { tensor } from '../../../src/engine/tensor/tensor';

const VALUES = 20_000;
const KEEP = 2;

const execute: Execute = async function* ({ runDir, config, fs, requests, resumeFrom }) {
  const { max_steps, save_every } = config.train;
  const first = resumeFrom?.step ?? 0;
  const loaded = resumeFrom?.weights.get('w')?.data as Float32Array | undefined;
  const w = loaded ?? new Float32Array(VALUES).fill(1);
  yield {
    ...{ type: 'start', run: 'counting', name: 'counting', pid: process.pid, device: 'cpu' },
    ...{ step: first, max_steps, parameters: VALUES, trainable: VALUES },
    ...{ tokens_per_step: 1, vocab_size: 1 },
  };
  const save = (step: number) => {
    const { path, bytes } = saveCheckpoint(fs, runDir, {
      step,
      weights: new Map([['w', tensor('float32', [VALUES], w)]]),
      weightsFile: 'model.safetensors',
      extraFiles: new Map(),
      optimizer: new Map([['m.w', tensor('float32', [VALUES], w.slice())]]),
      state: {
        ...{ step, seed: 0, tokens: step, configHash: hashJson(config), dataHash: '' },
        ...{ versions: {}, threads: 1, device: 'cpu' },
      },
    });
    return { type: 'checkpoint', step, path, bytes, seconds: 0 } as const;
  };
  let step = first;
  for (; step < max_steps && !requests().includes('stop'); step++) {
    for (let i = 0; i < VALUES; i++) w[i] = Math.fround(w[i]! * 1.01 + Math.sin(step + i));
    yield { type: 'step', step, loss: w[0]!, lr: 0, grad_norm: 0, tokens: 1, seconds: 0 };
    if ((step + 1) % save_every === 0) {
      yield save(step + 1);
      pruneCheckpoints(fs, runDir, KEEP);
    }
    await sleep(1);
  }
  if (step % save_every !== 0) yield save(step);
  const outcome = step === max_steps ? 'done' : 'stopped';
  yield { type: 'end', step, outcome, seconds: 0 };
};

const [, , , runDir, ...flags] = process.argv;
runProcess(runDir!, { execute, resume: flags.includes('--resume') }).then(
  () => process.exit(0),
  error => {
    console.error(error);
    process.exit(1);
  },
);
