import assert from 'node:assert/strict';
import Module from 'node:module';
import { extension } from './scene';

interface Report {
  sharedObjects: string[];
}

/** Native modules that are loaded into this process, wherever they come from. */
function nativeModules(): string[] {
  const { sharedObjects } = process.report.getReport() as unknown as Report;
  return sharedObjects.filter(path => path.endsWith('.node') || path.includes('onnxruntime'));
}

type Load = (request: string, ...rest: unknown[]) => unknown;
const loader = Module as unknown as { _load: Load };

interface Activation {
  /** Milliseconds to load the bundle, and in `activate()`: what the extension itself costs. */
  load: number;
  activate: number;
  /** As long as the caller waits: with the host's own messages to the window. */
  wait: number;
}

/** Activates, and measures where the time goes by standing in front of the host's `require`. */
async function measureActivation(): Promise<Activation> {
  const measured: Activation = { load: 0, activate: 0, wait: 0 };
  const load = loader._load;
  const began = performance.now();
  loader._load = (request, ...rest) => {
    if (!request.endsWith('extension.cjs')) return load(request, ...rest);
    loader._load = load;
    const before = performance.now();
    const loaded = load(request, ...rest) as { activate: (...args: unknown[]) => unknown };
    measured.load = performance.now() - before;
    const activate = (...args: unknown[]): unknown => {
      const before = performance.now();
      const result = loaded.activate(...args);
      measured.activate = performance.now() - before;
      return result;
    };
    return { ...loaded, activate };
  };
  try {
    await extension().activate();
  } finally {
    loader._load = load;
  }
  measured.wait = performance.now() - began;
  return measured;
}

describe('activation', () => {
  it('does not happen before anybody needs the extension', () => {
    assert.equal(extension().isActive, false);
  });

  it('is over soon', async function () {
    const { load, activate, wait } = await measureActivation();
    assert(this.test);
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    this.test.title = `takes ${ms(load)} to load and ${ms(activate)} to activate (the caller waits ${ms(wait)})`;
    assert(load > 0 && activate > 0, 'the bundle was loaded by another way');
    assert.equal(extension().isActive, true);
  });

  it('loads no native module of ours into the extension host', () => {
    const { extensionPath } = extension();
    assert.deepEqual(
      nativeModules().filter(path => path.startsWith(extensionPath) || path.includes('onnx')),
      [],
    );
  });
});
