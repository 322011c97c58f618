import { describe, expect, it } from 'vitest';
import { missingBytes } from '../../../src/engine/hub/downloadModel';
import { downloadModel } from '../../../src/engine/hub/downloadModel';
import { listModelFiles } from '../../../src/engine/hub/modelFiles';
import { whoAmI } from '../../../src/engine/hub/whoAmI';
import { refusalOf } from '../data/refusal';
import { hubScene, MODEL_FILES } from './scene';

const { hub, client, newCache } = await hubScene();

describe('a token', () => {
  it('is of who the hub says', async () => {
    expect(await whoAmI(client({ token: hub.token }))).toBe('tester');
  });

  it('that is nobody’s is refused, and not repeated', async () => {
    const refused = await refusalOf(() => whoAmI(client({ token: 'hf_wrong' })));
    expect(refused).toMatchObject({ code: 'hub.unauthorized' });
    expect(JSON.stringify(refused)).not.toContain('hf_wrong');
  });

  it.each([
    ['names nobody', '{}'],
    ['is no JSON', 'hello'],
  ])('whose answer %s is not understood', async (_, body) => {
    hub.fault = () => ({ status: 200, body });
    const refused = await refusalOf(() => whoAmI(client({ token: hub.token })));
    expect(refused).toMatchObject({ code: 'hub.bad-answer' });
  });
});

describe('what is missing of a model', () => {
  it('is all of it before a download and nothing after it', async () => {
    const id = 'org/model';
    hub.addRepo(id, MODEL_FILES);
    const cacheDir = newCache();
    const { files } = await listModelFiles(client(), id);
    const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(missingBytes(cacheDir, id, files)).toBe(all);
    const { bytes } = await downloadModel(client({ cacheDir }), { id });
    expect(missingBytes(cacheDir, id, files)).toBe(all - bytes);
  });
});
