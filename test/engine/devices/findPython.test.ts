/** An interpreter is asked what it has, and asked again for what it lacked. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPython } from '../../../src/engine/devices/pythonProgram';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const python = join(folder, 'python');
const asked = join(folder, 'asked');

/** A Python that only says what it has, and keeps count. */
function interpreter(facts: object): void {
  const said = JSON.stringify({ python: '3', executable: python, ...facts });
  writeFileSync(python, `#!/bin/sh\necho >> '${asked}'\necho '${said}'\n`);
  chmodSync(python, 0o755);
}

const timesAsked = () => readFileSync(asked, 'utf8').length;

describe.skipIf(process.platform === 'win32')('an interpreter', () => {
  it('is asked again for what it lacked, and no more for what it has', async () => {
    interpreter({ torchError: 'no module' });
    expect(await findPython('torch', python)).toMatchObject({ torchError: 'no module' });
    interpreter({ torch: '2' });
    for (let i = 0; i < 3; i++)
      expect(await findPython('torch', python)).toMatchObject({ torch: '2' });
    expect(timesAsked()).toBe(2);
  });

  it('that failed is asked again', async () => {
    writeFileSync(python, '#!/bin/sh\necho "out of luck" >&2; exit 3\n');
    expect(await findPython('torch', python)).toMatchObject({ torch: '2' }); // known from before
    expect(await findPython('ttml', python)).not.toHaveProperty('ttml');
    await expect(findPython('ttml', python)).rejects.toMatchObject({
      problem: { code: 'python.failed' },
    });
    interpreter({ ttml: '1' });
    expect(await findPython('ttml', python)).toMatchObject({ ttml: '1' });
  });
});
