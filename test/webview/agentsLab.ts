/**
 * The real view of an agent's trace in a real browser, answered by the real host-side session. Only
 * VS Code itself is played, and the process in which the agent works.
 */
import type { AgentHostMessage } from '../../src/protocol/agentView';
import {
  type AgentPorts,
  AgentSession,
  type Trace,
} from '../../src/host/evaluation/agents/agentSession';
import type { AgentRecord } from '../../src/protocol/evaluation';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface AgentsLabOptions {
  records: readonly AgentRecord[];
  isRunning?: boolean;
  isTrusted?: boolean;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
}

export interface AgentsLab extends Omit<ViewPage, 'deliver'> {
  readonly calls: (readonly [name: string, ...args: unknown[]])[];
  /** The agent goes on. */
  change(
    patch: Partial<Pick<Trace, 'records' | 'writing' | 'isRunning' | 'problem'>>,
  ): Promise<void>;
  /** Settles when everything that was asked for is there and drawn. */
  rest(): Promise<void>;
}

export async function openAgentsLab(options: AgentsLabOptions): Promise<AgentsLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      Promise.resolve(void calls.push([name, ...args]));
  const ports: AgentPorts = {
    isTrusted: options.isTrusted ?? true,
    openInSandbox: note('openInSandbox'),
    appendExample: line => {
      calls.push(['appendExample', line]);
      return Promise.resolve('agent_examples.jsonl');
    },
    saveTrace: text => {
      calls.push(['saveTrace', text]);
      return Promise.resolve('trace.jsonl');
    },
    copy: note('copy'),
    manageTrust: note('manageTrust'),
  };
  const trace: { -readonly [K in keyof Trace]: Trace[K] } = {
    source: { kind: 'file', path: '/traces/a.jsonl' },
    label: 'a.jsonl',
    records: options.records,
    writing: null,
    isRunning: options.isRunning ?? false,
    problem: null,
    stop: () => void calls.push(['stop']),
    askAgain: note('askAgain'),
  };
  const view = await openViewPage({
    view: 'agents',
    title: 'Agent',
    ...options,
    receive: message => session.receive(message),
  });
  const session = new AgentSession({
    trace,
    ports,
    post: (message: AgentHostMessage) => view.deliver(message),
  });
  await view.open();
  return {
    ...view,
    calls,
    rest: view.idle,
    change: async patch => {
      Object.assign(trace, patch);
      session.follow();
      // longer than the session waits before it tells
      await new Promise(resolve => setTimeout(resolve, 250));
      await view.idle();
    },
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}
