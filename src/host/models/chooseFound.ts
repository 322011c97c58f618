/** Search of the hub as one types: models by words, most downloaded first. Downloads nothing. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { amountText } from '../../curves/numberText';
import type { HubClient } from '../../engine/hub/hubClient';
import type { FoundModel } from '../../engine/hub/searchModels';

interface Item extends vscode.QuickPickItem {
  /** Absent where there is nothing to choose. */
  readonly model?: string;
}

/** People type faster than a hub answers. */
const PAUSE_MS = 300;
const MOST = 40;

/** The name of a model; undefined when the user chose none. */
export async function chooseFound(client: HubClient): Promise<string | undefined> {
  const picker = vscode.window.createQuickPick<Item>();
  const { host } = client.settings.endpoint;
  picker.title = l10n.t('Download a model from {0} (1/2)', host);
  picker.placeholder = l10n.t('Words of its name, or organization/model');
  const search = new Search(client, picker);
  try {
    return await new Promise<string | undefined>(resolve => {
      picker.onDidChangeValue(words => search.soon(words, PAUSE_MS));
      picker.onDidAccept(() => {
        const model = picker.activeItems[0]?.model;
        if (model !== undefined) resolve(model);
      });
      picker.onDidHide(() => resolve(undefined));
      picker.show();
      search.soon('', 0);
    });
  } finally {
    search.end();
    picker.dispose();
  }
}

/** The last search is the only one whose answer is wanted. */
class Search {
  #timer: NodeJS.Timeout | undefined;
  #under = new AbortController();

  constructor(
    private readonly client: HubClient,
    private readonly picker: vscode.QuickPick<Item>,
  ) {}

  soon(words: string, afterMs: number): void {
    this.end();
    this.#under = new AbortController();
    this.picker.busy = true;
    const { signal } = this.#under;
    this.#timer = setTimeout(() => void this.#find(words.trim(), signal), afterMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#under.abort();
  }

  async #find(words: string, signal: AbortSignal): Promise<void> {
    const items = await this.#items(words, signal);
    if (signal.aborted) return;
    this.picker.items = items;
    this.picker.busy = false;
  }

  async #items(words: string, signal: AbortSignal): Promise<Item[]> {
    try {
      const { searchModels } = await import('./hubAccess');
      // what is most downloaded of all makes no text
      const tags = words === '' ? ['text-generation'] : [];
      const found = await searchModels(this.client, { words, tags, limit: MOST, signal });
      const named =
        isName(words) && !found.some(({ id }) => id === words) ? [namedItem(words)] : [];
      const items = [...found.map(itemOf), ...named];
      return items.length > 0 ? items : [note(l10n.t('Nothing was found. Try other words.'))];
    } catch (error) {
      return [note(error instanceof Error ? error.message : String(error), 'error')];
    }
  }
}

const isName = (words: string): boolean => /^[\w.-]+\/[\w.-]+$/.test(words);

const namedItem = (id: string): Item => ({
  label: id,
  description: l10n.t('by its name'),
  model: id,
  alwaysShow: true,
});

const note = (text: string, icon = 'info'): Item => ({
  label: `$(${icon}) ${text.replaceAll('$(', '$ (')}`,
  alwaysShow: true,
});

/** The hub has done the choosing: VS Code's own filter would leave out what fits by a tag. */
function itemOf({ id, downloads, likes, updated, gated, task, parameters }: FoundModel): Item {
  const facts = [
    parameters === undefined ? '' : l10n.t('{0} parameters', amountText(parameters)),
    task ?? '',
    downloads === 1 ? l10n.t('1 download') : l10n.t('{0} downloads', amountText(downloads)),
    likes === 1 ? l10n.t('1 like') : l10n.t('{0} likes', amountText(likes)),
    updated === '' ? '' : l10n.t('updated {0}', updated.slice(0, 10)),
  ];
  return {
    label: id,
    description: gated ? `$(lock) ${l10n.t('for those who accepted its conditions')}` : '',
    detail: facts.filter(Boolean).join(' · ').replaceAll('$(', '$ ('),
    model: id,
    alwaysShow: true,
  };
}
