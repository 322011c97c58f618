/**
 * A command of the command line's `hub` as a process of its own: what it says, a JSON object a line,
 * how it is ended and what went wrong. A window is not held up by gigabytes that are hashed. Knows
 * nothing of what is done there.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { endpointText, type HubSettings } from '../../engine/hub/hubSettings';
import { ProblemError } from '../../engine/problem';

/** @param env besides what every process of ours is given */
export type StartHub = (args: readonly string[], env: Record<string, string>) => ChildProcess;

/** A process that does not end when it is asked to. */
const PATIENCE_MS = 5000;
const MOST_WORDS = 4000;

/** The token is not an argument, which anybody on the machine could read. */
export const environmentOf = (settings: HubSettings): Record<string, string> => ({
  HF_ENDPOINT: endpointText(settings),
  HF_HUB_CACHE: settings.cacheDir,
  HF_TOKEN: settings.token ?? '',
  HF_HUB_OFFLINE: settings.offline ? '1' : '0',
  HF_HUB_DISABLE_SYMLINKS: settings.copies ? '1' : '0',
  ...networkOfEnvironment(),
  ...proxyOfEditor(),
});

const NETWORK = /^((https?|all|no)_proxy|NODE_EXTRA_CA_CERTS)$/i;

const networkOfEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      NETWORK.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );

/** What the editor is told of a proxy, which the processes that it starts do not know. */
function proxyOfEditor(): Record<string, string> {
  const http = vscode.workspace.getConfiguration('http');
  const proxy = http.get('proxy', '').trim();
  const isOff = http.get('proxySupport') === 'off';
  if (proxy === '' || isOff) return {};
  const exceptions = http.get<string[]>('noProxy', []);
  return { HTTPS_PROXY: proxy, ...(exceptions.length > 0 && { NO_PROXY: exceptions.join(',') }) };
}

export interface Following<Said> {
  /** What is no object of that kind is left out: a library may print besides. */
  readonly onSaid: (said: Said) => void;
  readonly token: vscode.CancellationToken;
}

/**
 * Settles when the process has ended well.
 * @throws its `hub.…` or `disk.…` problem; CancellationError
 */
export async function follow<Said extends { type: string }>(
  child: ChildProcess,
  { onSaid, token }: Following<Said>,
): Promise<void> {
  let forced: NodeJS.Timeout | undefined;
  const cancel = () => {
    child.kill();
    forced = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  const subscription = token.onCancellationRequested(cancel);
  if (token.isCancellationRequested) cancel();
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-MOST_WORDS);
  });
  if (child.stdout)
    createInterface(child.stdout).on('line', line => {
      const said = saidIn<Said>(line);
      if (said) onSaid(said);
    });
  let code: number | null;
  try {
    code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  } finally {
    clearTimeout(forced);
    subscription.dispose();
  }
  if (code === 0) return;
  if (token.isCancellationRequested) throw new vscode.CancellationError();
  throw problemIn(words);
}

type Done<Said> = Extract<Said, { type: 'done' }>;

/** How far a process is, for its notification. */
interface Step {
  message: string;
  /** Percent since the last one. */
  increment: number;
}

/**
 * With a notification that can cancel it. What the process said to be done holds, however it ends.
 * @returns its word that it is done
 * @throws as `follow`
 */
export function followToEnd<Said extends { type: string }>(
  title: string,
  start: () => ChildProcess,
  stepOf: (said: Exclude<Said, Done<Said>>) => Step | undefined,
): Thenable<Done<Said>> {
  const where = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(where, async (progress, token) => {
    let done: Done<Said> | undefined;
    const onSaid = (said: Said) => {
      if (said.type === 'done') done = said as Done<Said>;
      const step = said.type === 'done' ? undefined : stepOf(said as Exclude<Said, Done<Said>>);
      if (step) progress.report(step);
    };
    try {
      await follow<Said>(start(), { onSaid, token });
    } catch (error) {
      if (!done) throw error;
    }
    if (done) return done;
    throw new Error(vscode.l10n.t('The process ended without a word.'));
  });
}

function saidIn<Said extends { type: string }>(line: string): Said | undefined {
  try {
    const said = JSON.parse(line) as Partial<Said> | null;
    return typeof said?.type === 'string' ? (said as Said) : undefined;
  } catch {
    return undefined;
  }
}

/** The last problem of what the command line printed, else all of it. */
function problemIn(words: string): Error {
  const found = [...words.matchAll(/^error ([a-z]+\.[a-z-]+): (.*)$/gm)].at(-1);
  const [, code, message] = found ?? [];
  if (code === undefined || message === undefined)
    return new Error(words.trim() || vscode.l10n.t('The process ended without a word.'));
  return new ProblemError({ code, message, severity: 'error', where: {} });
}
