/** A model or adapter to the hub: its name there, who sees it, what would be sent, progress. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { bytesText, countText } from '../../curves/numberText';
import { checkModelId } from '../../engine/hub/hubNames';
import type { HubSettings } from '../../engine/hub/hubSettings';
import type { PushedModel, PushPlan, PushProgress } from '../../engine/hub/pushModel';
import { ProblemError } from '../../engine/problem';
import type { Commands, ModelTarget } from '../commands';
import { reportFailure } from '../failure';
import { requireDisk, requireTrust } from '../trust';
import type { HubAccount } from './hubAccount';
import { environmentOf, follow, followToEnd, type StartHub } from './hubProcess';
import { choose } from './modelCommands';
import type { ModelTree } from './modelTree';

interface Parts {
  account: HubAccount;
  tree: ModelTree;
  start: StartHub;
}

export const pushCommand =
  (parts: Parts): Commands['weightroom.hub.push'] =>
  target =>
    choosePush(parts, target);

interface Push {
  dir: string;
  id: string;
  settings: HubSettings;
  isPublic: boolean;
  /** Of an adapter whose own base is a folder of this machine. */
  base?: string;
}

type Plan = { type: 'plan' } & Pick<PushPlan, 'files' | 'bytes' | 'warnings'>;
type Said = Plan | ({ type: 'progress' } & PushProgress) | ({ type: 'done' } & PushedModel);

async function choosePush(
  { account, tree, start }: Parts,
  target: ModelTarget | undefined,
): Promise<string | undefined> {
  requireTrust();
  const model = await choose(tree, target, l10n.t('Push which model?'));
  if (!model) return undefined;
  const dir = requireDisk(model.uri);
  const settings = await signedIn(account);
  const id = settings && (await askId(settings, model.name));
  if (!settings || id === undefined) return undefined;
  const isPublic = await askVisibility(id);
  if (isPublic === undefined) return undefined;
  const planned = await plan(start, { dir, id, settings, isPublic });
  if (!planned || !(await confirm(planned))) return undefined;
  const done = await send(start, planned.push);
  void offer(done).then(undefined, reportFailure);
  return done.url;
}

/** Settings with a token: asks for one when there is none. */
async function signedIn(account: HubAccount): Promise<HubSettings | undefined> {
  const settings = await account.settings();
  if (settings.token !== undefined) return settings;
  return (await account.signIn()) ? account.settings() : undefined;
}

async function askId(settings: HubSettings, name: string): Promise<string | undefined> {
  const { HubClient, whoAmI } = await import('./hubAccess');
  const owner = await whoAmI(new HubClient(settings));
  const proposed = name
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/-{2,}|\.{2,}/g, '-')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  const value = `${owner}/${proposed || 'model'}`;
  return vscode.window.showInputBox({
    title: l10n.t('Push {0} to {1}', name, settings.endpoint.host),
    prompt: l10n.t('Its name there, after yours or that of an organization you belong to.'),
    value,
    valueSelection: [owner.length + 1, value.length],
    ignoreFocusOut: true,
    validateInput: complaintAboutId,
  });
}

function complaintAboutId(id: string): string | undefined {
  try {
    checkModelId(id);
    return id.includes('/') ? undefined : l10n.t('Write organization/model.');
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.message;
    throw error;
  }
}

async function askVisibility(id: string): Promise<boolean | undefined> {
  const items = [
    {
      label: l10n.t('$(lock) Private'),
      description: l10n.t('only you and its organization see it'),
      isPublic: false,
    },
    {
      label: l10n.t('$(globe) Public'),
      description: l10n.t('everybody sees it'),
      isPublic: true,
    },
  ];
  const title = l10n.t('Who sees {0}, if it is new?', id);
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.isPublic;
}

interface Planned {
  push: Push;
  plan: Plan;
}

/** What would be sent; asks for the base of an adapter when only this machine knows it. */
async function plan(start: StartHub, push: Push): Promise<Planned | undefined> {
  try {
    let found: Plan | undefined;
    const token = new vscode.CancellationTokenSource().token;
    const child = start([...argumentsOf(push), '--dry-run'], environmentOf(push.settings));
    const onSaid = (said: Said) => {
      if (said.type === 'plan') found = said;
    };
    await follow<Said>(child, { onSaid, token });
    return found && { push, plan: found };
  } catch (error) {
    const isLocalBase = error instanceof ProblemError && error.problem.code === 'hub.local-base';
    if (!isLocalBase || push.base !== undefined) throw error;
    const base = await askBase(push.id);
    return base === undefined ? undefined : plan(start, { ...push, base });
  }
}

const askBase = (id: string): Thenable<string | undefined> =>
  vscode.window.showInputBox({
    title: l10n.t('The base of {0}', id),
    prompt: l10n.t(
      'This adapter was trained over a folder of this machine. Which model of the hub is it?',
    ),
    placeHolder: 'organization/model',
    ignoreFocusOut: true,
    validateInput: complaintAboutId,
  });

const argumentsOf = ({ dir, id, isPublic, base }: Push): string[] => [
  ...['push', dir, id, '--json'],
  ...(isPublic ? ['--public'] : []),
  ...(base === undefined ? [] : ['--base-model', base]),
];

async function confirm({ push, plan }: Planned): Promise<boolean> {
  const { id, settings, isPublic } = push;
  const question = l10n.t(
    'Push {0} files, {1}, to {2} on {3}?',
    countText(plan.files.length),
    bytesText(plan.bytes),
    id,
    settings.endpoint.host,
  );
  const seen = isPublic
    ? l10n.t('If it is new, everybody will see it.')
    : l10n.t('If it is new, it will be private.');
  const files = plan.files.slice(0, 12).map(({ path, bytes }) => `${path}, ${bytesText(bytes)}`);
  const detail = [seen, ...plan.warnings, '', ...files].join('\n');
  const yes = l10n.t('Push');
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, yes);
  return answer === yes;
}

function send(start: StartHub, push: Push): Thenable<PushedModel> {
  let shown = 0;
  const starting = () => start(argumentsOf(push), environmentOf(push.settings));
  return followToEnd<Said>(l10n.t('Pushing {0}', push.id), starting, said => {
    if (said.type !== 'progress') return undefined;
    const share = said.bytes === 0 ? 0 : (100 * said.bytesDone) / said.bytes;
    const increment = Math.max(0, share - shown);
    shown += increment;
    return { message: wordsOf(said), increment };
  });
}

function wordsOf({ phase, bytes, bytesDone }: PushProgress): string {
  if (phase === 'preparing') return l10n.t('preparing');
  if (phase === 'committing') return l10n.t('committing');
  return l10n.t('{0} of {1}', bytesText(bytesDone), bytesText(bytes));
}

async function offer({ id, url }: PushedModel): Promise<void> {
  const open = l10n.t('Open in Browser');
  const chosen = await vscode.window.showInformationMessage(l10n.t('{0} is on the hub.', id), open);
  if (chosen === open) await vscode.env.openExternal(vscode.Uri.parse(url, true));
}
