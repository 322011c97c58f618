/**
 * Token bins as read-only text documents, a page at a time, with lenses that turn the pages. The
 * page and the reading are in the document's address, so each page is a document of its own.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { countText } from '../../curves/numberText';
import { type DataTarget, commandWith, register } from '../commands';
import { requireDisk } from '../trust';
import type { Reading, TokenPage } from './tokenPages';

const SCHEME = 'weightroom-tokens';

export function registerTokenDocuments(): vscode.Disposable {
  const pages = new Map<string, TokenPage>();
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      async provideTextDocumentContent(uri) {
        const { readTokenPage } = await import('./tokenPages');
        const { page, reading } = addressIn(uri);
        const read = await readTokenPage(uri.fsPath.replace(/\.txt$/, ''), page, reading);
        pages.set(uri.toString(), read);
        return read.text;
      },
    }),
    vscode.languages.registerCodeLensProvider(
      { scheme: SCHEME },
      {
        provideCodeLenses({ uri }) {
          const page = pages.get(uri.toString());
          const top = new vscode.Range(0, 0, 0, 0);
          return page ? commandsFor(page).map(command => new vscode.CodeLens(top, command)) : [];
        },
      },
    ),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => pages.delete(uri.toString())),
    register('weightroom.data.openAsText', openAsText),
    register('weightroom.data.goToPage', page => goToPage(pages, page)),
  );
}

function commandsFor(page: TokenPage): vscode.Command[] {
  const last = page.firstToken + page.tokens - 1;
  const summary = l10n.t(
    'Tokens {0}–{1} of {2} · {3}',
    countText(page.firstToken),
    countText(last),
    countText(page.tokensInBin),
    page.reading,
  );
  const isFirst = page.page === 0;
  const isLast = page.page === page.pages - 1;
  return [
    { title: summary, command: '' },
    ...(isFirst
      ? []
      : [commandWith(`‹ ${l10n.t('Previous')}`, 'weightroom.data.goToPage', page.page - 1)]),
    ...(isLast
      ? []
      : [commandWith(`${l10n.t('Next')} ›`, 'weightroom.data.goToPage', page.page + 1)]),
    ...(page.pages > 2
      ? [
          commandWith(
            l10n.t('Page {0} of {1}', countText(page.page + 1), countText(page.pages)),
            'weightroom.data.goToPage',
          ),
        ]
      : []),
  ];
}

interface Address {
  page: number;
  reading?: Reading;
}

/** `.txt` keeps editors for binary files away and word wrap at hand. */
const addressOf = (bin: vscode.Uri, { page, reading }: Address): vscode.Uri =>
  bin.with({
    scheme: SCHEME,
    path: `${bin.path}.txt`,
    query: new URLSearchParams({
      page: String(page + 1),
      ...(reading === undefined ? {} : { reading }),
    }).toString(),
  });

function addressIn({ query }: vscode.Uri): Address {
  const values = new URLSearchParams(query);
  const reading = values.get('reading');
  const page = Number(values.get('page') ?? 1) - 1;
  return { page: Number.isSafeInteger(page) ? page : 0, ...(reading === null ? {} : { reading }) };
}

async function openAsText(target?: DataTarget): Promise<void> {
  const bin = uriOf(target) ?? (await chooseBin());
  if (!bin) return;
  requireDisk(bin);
  const { readSidecar } = await import('../../engine/data/binSidecar');
  const isNamed = readSidecar(bin.fsPath) !== undefined;
  const reading = isNamed ? undefined : await chooseReading();
  if (!isNamed && reading === undefined) return;
  await vscode.window.showTextDocument(
    addressOf(bin, { page: 0, ...(reading === undefined ? {} : { reading }) }),
  );
}

const uriOf = (target: DataTarget | undefined): vscode.Uri | undefined =>
  target instanceof vscode.Uri ? target : target?.uri;

async function chooseBin(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.bin', '**/{node_modules,.git,runs}/**', 500);
  if (found.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('There are no token bins in this folder.'));
    return undefined;
  }
  const items = found.map(uri => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: l10n.t('Open which token bin?'),
  });
  return chosen?.uri;
}

async function chooseReading(): Promise<Reading | undefined> {
  const items = [
    { label: 'gpt2', reading: 'gpt2' },
    { label: 'bytes', reading: 'bytes' },
    { label: l10n.t('Numbers'), reading: 'numbers' },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: l10n.t('This bin does not say which tokenizer made it. Read it as:'),
  });
  return chosen?.reading;
}

async function goToPage(
  pages: ReadonlyMap<string, TokenPage>,
  wanted: number | undefined,
): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const page = uri && pages.get(uri.toString());
  if (!page) return;
  const next = wanted ?? (await askPage(page.pages));
  if (next === undefined) return;
  const bin = uri.with({ path: uri.path.replace(/\.txt$/, '') });
  const { reading } = addressIn(uri);
  const address = addressOf(bin, { page: next, ...(reading === undefined ? {} : { reading }) });
  await vscode.window.showTextDocument(address, { preview: true });
}

async function askPage(pages: number): Promise<number | undefined> {
  const isPage = (text: string) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= pages;
  const text = await vscode.window.showInputBox({
    title: l10n.t('Go to page (1–{0})', pages),
    validateInput: value => (isPage(value) ? undefined : l10n.t('A number from 1 to {0}', pages)),
  });
  return text === undefined ? undefined : Number(text) - 1;
}
