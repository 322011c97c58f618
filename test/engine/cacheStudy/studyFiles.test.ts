import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  listStudies,
  readStudy,
  readTokenErrors,
  saveStudy,
} from '../../../src/engine/cacheStudy/studyFiles';
import { listRuns } from '../../../src/engine/run/runFolder';
import { scratchFolder } from '../../durability/scratchFolder';
import { run, studyOf } from './studies';

const runsDir = join(scratchFolder(), 'project', 'runs');
const ran = run(studyOf('gqa'));

describe('a study', () => {
  it('is saved beside runs, and is none of them', async () => {
    const { dir, report } = saveStudy(runsDir, await ran, {
      path: 'study.yaml',
      text: 'weightroom: 1\n',
    });
    expect(readStudy(dir)).toEqual(JSON.parse(JSON.stringify(report)));
    expect(listStudies(runsDir)).toEqual([dir]);
    expect(listRuns(runsDir)).toEqual([]);
    expect(readdirSync(dir).sort()).toEqual([
      'cache-study.json',
      'study.yaml',
      'tokens.safetensors',
    ]);
  });

  it('has the errors of every token: none is worse than the one it names', async () => {
    const { report } = await ran;
    const [dir] = listStudies(runsDir);
    for (const { adapter, variant, layers } of report.results)
      for (const side of ['k', 'v'] as const) {
        const errors = readTokenErrors(dir!, { adapter, variant, side });
        expect(errors).toHaveLength(layers.length * report.prefix_tokens);
        for (const layer of layers) {
          const own = errors.subarray(
            layer.layer * report.prefix_tokens,
            (layer.layer + 1) * report.prefix_tokens,
          );
          expect(own[layer[`${side}_worst_token`]]).toBe(Math.max(...own));
        }
      }
  });

  it.each([
    ['{', /is not JSON/],
    ['{"type":"run"}', /is no report of a cache study/],
  ])('that holds %s is damaged, and says so', (text, says) => {
    const dir = join(runsDir, `20260101-000000-${text.length}`);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'cache-study.json'), text);
    expect(() => readStudy(dir)).toThrow(says);
  });

  it('that is not there has no report', () => {
    expect(() => readStudy(join(runsDir, 'gone'))).toThrow(/holds no cache study/);
    expect(existsSync(join(runsDir, 'gone'))).toBe(false);
  });
});
