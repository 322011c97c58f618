/**
 * The Models view and the hub as a user meets them: search, choice of files, a download that is
 * cancelled and goes on, a token, deletion. The hub is on this machine; all sockets are real.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/project';
import { startHubServer } from '../hub/hubServer';
import { useLab } from './lab';
import {
  chooseFromMenu,
  dialog,
  enter,
  notification,
  openContainer,
  pane,
  persist,
  reloadWindow,
  runCommand,
  treeRow,
  until,
  webviewWith,
} from './workbench';

const hub = await startHubServer();
afterAll(() => hub.close());
const tiny = join(root, 'test', 'fixtures', 'hf', 'llama2-tiny');
const files = {
  'config.json': readFileSync(join(tiny, 'config.json')),
  'model.safetensors': readFileSync(join(tiny, 'model.safetensors')),
};
hub.addRepo('org/tiny-llama', { ...files, 'model.gguf': 'x' }, { downloads: 12_345 });
hub.addRepo('org/large-llama', { 'config.json': '{}', 'model.safetensors': randomBytes(3e6) });
hub.addRepo('org/secret-llama', files, { isPrivate: true });

const lab = useLab({
  write: folder => {
    for (const name of ['config.json', 'model.safetensors'])
      cpSync(join(tiny, name), join(folder, 'models', 'tiny', name));
  },
  settings: { 'weightroom.hub.endpoint': hub.endpoint },
  isStory: true,
});

const cacheOf = (id: string) =>
  join(lab().server.home, '.cache', 'huggingface', 'hub', `models--${id.replace('/', '--')}`);
const input = () => lab().page.locator('.quick-input-widget');
const row = (label: string) => treeRow(lab().page, 'Models', label);

/** Searches, takes the first that is found, and all of its usual files. */
async function download(words: string, id: string): Promise<void> {
  const filesOf = input().locator('.quick-input-title', { hasText: `${id}: ` });
  // A page that has just come may take the focus, and the picker is gone.
  await persist(`the files of ${id} are listed`, async soon => {
    await runCommand(lab().page, 'Weightroom: Download Model from the Hub…');
    await input().locator('.quick-input-title', { hasText: '(1/2)' }).waitFor(soon);
    await input().locator('.quick-input-box input').fill(words, soon);
    const rows = input().locator('.monaco-list-row');
    const found = input().locator(`.monaco-list-row[aria-label^="${id}"]`);
    await found.and(rows.first()).and(rows.last()).waitFor(soon);
    await lab().page.keyboard.press('ArrowDown');
    await lab().picture('hub-search');
    await lab().page.keyboard.press('Enter');
    await filesOf.waitFor(soon);
  });
  await lab().picture('hub-files');
  await persist('they are taken', async soon => {
    if (await filesOf.isVisible())
      await input().locator('.quick-input-box input').press('Enter', soon);
    await filesOf.waitFor({ state: 'hidden', ...soon });
  });
}

describe('models', () => {
  it('of the workspace are listed with family and size', async () => {
    await openContainer(lab().page);
    await row('tiny, llama').waitFor();
  });

  it('are found on the hub, and downloaded with their size shown before', async () => {
    await download('tiny', 'org/tiny-llama');
    await notification(lab().page, 'org/tiny-llama is in the cache').waitFor();
    await row('org/tiny-llama, llama').waitFor();
    expect(existsSync(join(cacheOf('org/tiny-llama'), 'refs', 'main'))).toBe(true);
  });

  it('show what becomes of each tensor', async () => {
    await row('org/tiny-llama, llama').click();
    const page = await webviewWith(lab().page, '.markdown-body');
    await page.getByText('All 21 tensors and parameters are accounted for').waitFor();
    await lab().picture('load-report');
  });

  it('whose download is cancelled keep what came', async () => {
    let requests = 0;
    hub.fault = ({ server }) =>
      server === 'hub' ? undefined : requests++ === 0 ? { cutAfter: 1_500_000 } : { silent: true };
    await download('large', 'org/large-llama');
    const toast = notification(lab().page, 'Downloading org/large-llama');
    await toast.getByText(/(49|50)\s%/).waitFor();
    await lab().picture('hub-progress');
    await toast.getByRole('button', { name: 'Cancel' }).click();
    await until(
      'what came is kept',
      async () =>
        (await row('org/large-llama, unfinished, 1.4').count()) +
          (await row('org/large-llama, unfinished, 1.5').count()) ===
        1,
    );
    await lab().picture('hub-unfinished');
  });

  it('go on where they were cut off', async () => {
    hub.fault = () => undefined;
    hub.seen.length = 0;
    const cut = row('org/large-llama, unfinished');
    await cut.hover();
    await cut.getByRole('button', { name: 'Resume Download' }).click();
    await notification(lab().page, 'org/large-llama is in the cache').waitFor();
    const [contents] = hub.seen.filter(({ server }) => server === 'cdn');
    expect(contents?.headers.range).toMatch(/^bytes=1[45]\d{5}-$/);
  });

  it('that are private need a token, which the hub must know', async () => {
    for (const [token, said] of [
      ['hf_wrong', 'does not accept this token'],
      [hub.token, 'as tester'],
    ] as const) {
      await runCommand(lab().page, 'Weightroom: Sign In to the Hub…');
      const field = input().locator('input[type="password"]');
      await field.waitFor();
      await field.fill(token);
      await field.press('Enter');
      await notification(lab().page, said).waitFor();
    }
    await download('secret', 'org/secret-llama');
    await notification(lab().page, 'org/secret-llama is in the cache').waitFor();
    const elsewhere = hub.seen.filter(({ server }) => server === 'cdn');
    expect(JSON.stringify(elsewhere.map(({ headers }) => headers))).not.toContain(hub.token);
  });

  it('are pushed to the hub after a question that lists what goes', async () => {
    const { page } = lab();
    await runCommand(page, 'Notifications: Clear All Notifications');
    await chooseFromMenu(row('tiny, llama'), 'Push Model to the Hub…', soon =>
      input().locator('.quick-input-box input').waitFor(soon),
    );
    const name = input().locator('.quick-input-box input');
    await until('a name is proposed', async () => (await name.inputValue()) === 'tester/tiny');
    await enter(page, 'tester/tiny');
    await input().locator('.monaco-list-row', { hasText: 'Private' }).click();
    const question = dialog(page);
    await question.getByText('model.safetensors').waitFor();
    await lab().picture('hub-push');
    await question.getByRole('button', { name: 'Push' }).click();
    await notification(page, 'tester/tiny is on the hub').waitFor();
    const pushed = hub.repos.get('tester/tiny');
    expect(pushed?.isPrivate).toBe(true);
    expect([...(pushed?.files.keys() ?? [])].sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
    ]);
    expect(pushed?.files.get('model.safetensors')).toEqual(files['model.safetensors']);
  });

  it('of the cache are deleted after a question', async () => {
    await runCommand(lab().page, 'Notifications: Clear All Notifications');
    const secret = row('org/secret-llama');
    await chooseFromMenu(secret, 'Delete Model from Cache…', soon =>
      dialog(lab().page).waitFor(soon),
    );
    await dialog(lab().page).getByRole('button', { name: 'Delete' }).click();
    await until('it is gone', async () => (await secret.count()) === 0);
    await until('its files are gone', () => !existsSync(cacheOf('org/secret-llama')));
  });

  it('leave the token in no file of the editor that can be read', () => {
    const { home } = lab().server;
    const all = readdirSync(home, { recursive: true, withFileTypes: true });
    const holding = all
      .filter(entry => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter(path => readFileSync(path).includes(hub.token));
    expect(holding).toEqual([]);
  });

  it.each([
    ['dark', 'Dark Modern'],
    ['light', 'Light Modern'],
    ['high-contrast', 'Default High Contrast'],
  ])('are shown in a %s theme', async (kind, name) => {
    await lab().server.changeSettings({ 'workbench.colorTheme': name });
    await reloadWindow(lab().page);
    await openContainer(lab().page);
    await row('org/tiny-llama, llama').waitFor();
    const rows = pane(lab().page, 'Models').locator('.monaco-list-row');
    await until('all are listed', async () => (await rows.count()) === 5);
    await lab().picture(`models-${kind}`);
  });

  it('were asked of no other machine', () => {
    expect(lab().externalRequests).toEqual([]);
  });
});
