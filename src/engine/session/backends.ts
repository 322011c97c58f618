/** Which execution providers the runtime of this machine was built with. Opens no session. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';

export interface Backend {
  /** By the runtime's names: cpu, webgpu, cuda, dml, coreml … */
  readonly name: string;
  /** Its libraries are beside the runtime's. */
  readonly isInstalled: boolean;
}

export const runtimeBackends = (): Backend[] =>
  listSupportedBackends().map(({ name, bundled }) => ({
    name,
    isInstalled: bundled || existsSync(join(binaries(), libraryOf(name))),
  }));

const binaries = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    ...['bin', 'napi-v6', process.platform, process.arch],
  );

const libraryOf = (name: string): string =>
  process.platform === 'win32'
    ? `onnxruntime_providers_${name}.dll`
    : `libonnxruntime_providers_${name}.so`;
