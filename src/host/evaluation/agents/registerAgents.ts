/** Agents: `Ask a Math Agent`, and the views of their traces. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { disk } from '../../../engine/files/fileSystem';
import { ensureFolders, writeTextDurably } from '../../../engine/files/writeDurably';
import type { TraceSource } from '../../../protocol/agentView';
import { execute, register, type SandboxTarget } from '../../commands';
import type { EvaluationStore } from '../../evaluationStore';
import { log } from '../../log';
import type { Launcher } from '../../launcher';
import { saveFile, writeOver } from '../../saveFile';
import { requireTrust } from '../../trust';
import { ViewPanel } from '../../viewPanel';
import type { AgentPorts, AgentSession, AgentSessionOptions, Trace } from './agentSession';
import { chooseTrace, readTrace, sourceIn, sourceOf } from './agentTraces';
import { askAgent, type ChooseModel, type Question } from './askAgent';

const VIEW_TYPE = 'weightroom.agents';

/** Where examples go that traces became. */
const EXAMPLES = 'agent_examples.jsonl';

const loadSession = async () => ({
  ...(await import('./agentSession')),
  ...(await import('./agentProcess')),
  ...(await import('../evaluationReader')),
  ...(await import('../fileSchemas')),
});
type Loaded = Awaited<ReturnType<typeof loadSession>>;

type Panel = ViewPanel<AgentSession, Parameters<AgentSessionOptions['post']>[0]>;

export interface AgentParts {
  readonly store: EvaluationStore;
  readonly launcher: Launcher;
  readonly chooseModel: ChooseModel;
}

export function registerAgents(
  context: vscode.ExtensionContext,
  { store, launcher, chooseModel }: AgentParts,
): vscode.Disposable {
  const panels = new Set<Panel>();

  const adopt = (loaded: Loaded, panel: vscode.WebviewPanel, trace: Trace): Panel => {
    const adopted: Panel = new ViewPanel(
      panel,
      { extensionUri: context.extensionUri, name: 'agents', icon: 'list-tree' },
      (post: AgentSessionOptions['post']) =>
        new loaded.AgentSession({ trace, ports: portsOf(() => adopted.session.trace), post }),
    );
    panels.add(adopted);
    panel.onDidDispose(() => panels.delete(adopted));
    return adopted;
  };

  const portsOf = (trace: () => Trace): AgentPorts => ({
    get isTrusted() {
      return vscode.workspace.isTrusted;
    },
    openInSandbox: async prompt => {
      const target = sandboxTargetOf(trace().source, store, questions);
      if (!target) throw new Error(l10n.t('It is not known which model was asked.'));
      await execute('weightroom.sandbox.open', { ...target, prompt });
    },
    appendExample,
    saveTrace: text => saveFile('trace.jsonl', FILTERS, () => text),
    copy: async text => vscode.env.clipboard.writeText(text),
    manageTrust: async () => void (await execute('weightroom.trust.manage')),
  });

  /** Whom the traces of this window were asked of, by their files. */
  const questions = new Map<string, Question>();

  const ask = async (question: Question, shown?: Panel): Promise<void> => {
    requireTrust();
    const loaded = await loadSession();
    const path = join(tracesFolder(context), `${stamp()}-${question.agent}.jsonl`);
    questions.set(path, question);
    const child = launcher.startCommand(argumentsOf(question), question.cwd);
    let panel = shown;
    let written = 0;
    const work = new loaded.AgentProcess(child, () => {
      panel?.session.follow();
      if (work.records.length === written && work.isRunning) return;
      written = work.records.length;
      keep(path, loaded.jsonLines(work.records));
    });
    const trace: Trace = {
      source: { kind: 'file', path },
      label: question.text,
      get records() {
        return work.records;
      },
      get writing() {
        return work.writing;
      },
      get isRunning() {
        return work.isRunning;
      },
      get problem() {
        return work.problem;
      },
      stop: () => work.stop(),
      askAgain: () => ask({ ...question, seed: question.seed + 1 }, panel),
    };
    if (panel) panel.session.show(trace);
    else panel = adopt(loaded, createPanel(l10n.t('Math agent')), trace);
  };

  const open = async (source: TraceSource, panel?: vscode.WebviewPanel): Promise<void> => {
    const loaded = await loadSession();
    const trace = await readTrace(source, loaded);
    const question = source.kind === 'file' ? questions.get(source.path) : undefined;
    const known = question && { askAgain: () => ask({ ...question, seed: question.seed + 1 }) };
    adopt(loaded, panel ?? createPanel(trace.label), { ...trace, ...known });
  };

  return vscode.Disposable.from(
    register('weightroom.agent.ask', async asked => {
      requireTrust();
      const question = await askAgent(asked, chooseModel);
      if (question) await ask(question);
    }),
    register('weightroom.agent.openTrace', async target => {
      const source = target ? sourceOf(target) : await chooseTrace();
      if (source) await open(source);
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel, state: unknown) {
        const source = sourceIn(state);
        try {
          if (source) return await open(source, panel);
        } catch (error) {
          log.warn(String(error)); // the trace went while the window was closed
        }
        panel.dispose();
      },
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      for (const { session } of panels) session.follow();
    }),
    {
      dispose() {
        for (const panel of panels) panel.dispose();
      },
    },
  );
}

/** What the command line is told. */
export const argumentsOf = ({ model, adapter, agent, text, seed, votes }: Question): string[] => [
  'agent',
  model,
  ...(adapter === null ? [] : ['--adapter', adapter]),
  '--agent',
  agent,
  '--question',
  text,
  '--seed',
  String(seed),
  ...(votes > 1 ? ['--votes', String(votes)] : []),
  '--events',
];

const createPanel = (title: string): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(VIEW_TYPE, title, vscode.ViewColumn.Active);

const tracesFolder = ({ storageUri, globalStorageUri }: vscode.ExtensionContext): string =>
  join((storageUri ?? globalStorageUri).fsPath, 'agents');

const stamp = (): string =>
  new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);

/** A trace that cannot be kept can still be looked at. */
function keep(path: string, text: string): void {
  try {
    ensureFolders(disk, join(path, '..'));
    writeTextDurably(disk, path, text);
  } catch (error) {
    log.warn(String(error));
  }
}

/** The model that answered. */
function sandboxTargetOf(
  source: TraceSource,
  store: EvaluationStore,
  questions: ReadonlyMap<string, Question>,
): Extract<SandboxTarget, { dir: string }> | undefined {
  if (source.kind === 'file') {
    const asked = questions.get(source.path);
    return asked && { dir: asked.adapter ?? asked.model };
  }
  const plan = store.evaluations.find(({ dir }) => dir === source.dir)?.plan;
  return plan && { dir: plan.model.adapterDir ?? plan.model.dir };
}

const withLine = (before: string, line: string): string =>
  `${before === '' || before.endsWith('\n') ? before : `${before}\n`}${line}\n`;

const FILTERS = { [l10n.t('JSON, one a line')]: ['jsonl'] };

/** At one click, into a file that is the same each time; asks only where there is no folder. */
async function appendExample(line: string): Promise<string | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const content = (before: string) => withLine(before, line);
  if (!folder) return saveFile(EXAMPLES, FILTERS, content);
  return writeOver(vscode.Uri.joinPath(folder, EXAMPLES), content);
}
