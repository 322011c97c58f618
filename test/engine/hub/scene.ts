/** What the tests of the hub share: a server, a client that does not wait, a cache. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { type ClientOptions, HubClient } from '../../../src/engine/hub/hubClient';
import { type HubSettings, hubSettings } from '../../../src/engine/hub/hubSettings';
import { scratchFolder } from '../../durability/scratchFolder';
import { type HubServer, startHubServer } from '../../hub/hubServer';

export interface HubScene {
  readonly hub: HubServer;
  /** An empty cache each time. */
  newCache(): string;
  client(settings?: Partial<HubSettings>, options?: ClientOptions): HubClient;
}

/** One server for a test file; each test begins with an empty one. */
export async function hubScene(): Promise<HubScene> {
  const hub = await startHubServer();
  const scratch = scratchFolder();
  const newCache = () => mkdtempSync(join(scratch, 'cache-'));
  afterAll(() => hub.close());
  beforeEach(() => {
    hub.repos.clear();
    hub.seen.length = 0;
    hub.fault = () => undefined;
    hub.pageSize = 1000;
    hub.partBytes = undefined;
    hub.editTree = entries => entries;
  });
  return {
    hub,
    newCache,
    client: (settings = {}, options = {}) =>
      new HubClient(
        {
          ...hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: newCache(), HF_HOME: scratch }),
          ...settings,
        },
        { sleep: () => Promise.resolve(), silenceMs: 20_000, ...options },
      ),
  };
}

export const WEIGHTS = randomBytes(300_000);

export const MODEL_FILES = {
  'config.json': '{"model_type":"gpt2"}\n',
  'tokenizer.json': '{"model":{}}\n',
  'README.md': '# A model\n',
  'model.safetensors': WEIGHTS,
  'pytorch_model.bin': randomBytes(1000),
  'onnx/model.onnx': 'large',
  'training_args.bin': 'x',
};
