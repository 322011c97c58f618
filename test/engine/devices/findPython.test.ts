/** An interpreter is asked what it has, and asked again for what it lacked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPython } from '../../../src/engine/devices/pythonProgram';
import { scratchFolder } from '../../durability/scratchFolder';
import { canPretend, pretendPython } from './pretendPython';

const folder = scratchFolder();

describe.skipIf(!canPretend)('an interpreter', () => {
  it('is asked again for what it lacked, and no more for what it has', async () => {
    const python = join(folder, 'grows');
    pretendPython(python, { torchError: 'no module' });
    expect(await findPython('torch', python)).toMatchObject({ torchError: 'no module' });
    pretendPython(python, { torch: '2' });
    for (let i = 0; i < 3; i++)
      expect(await findPython('torch', python)).toMatchObject({ torch: '2' });
    expect(readFileSync(`${python}.asked`, 'utf8')).toHaveLength(2);
  });

  it('that failed is asked again', async () => {
    const python = join(folder, 'heals');
    pretendPython(python, { ttml: '1' });
    writeFileSync(python, '#!/bin/sh\necho "out of luck" >&2; exit 3\n');
    await expect(findPython('ttml', python)).rejects.toMatchObject({
      problem: { code: 'python.failed', message: expect.stringContaining('out of luck') },
    });
    pretendPython(python, { ttml: '1' });
    expect(await findPython('ttml', python)).toMatchObject({ ttml: '1' });
  });
});
