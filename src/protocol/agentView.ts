/**
 * What crosses between the host and the view of an agent's trace: the trace as it grows, and what
 * can be done with it. Plain data that survives a structured clone.
 */
import type { AgentRecord } from './evaluation';
import type { ViewProblem, ViewReply } from './viewReply';

/** Where a trace lies: what finds it again after the window was closed. */
export type TraceSource =
  | { readonly kind: 'file'; readonly path: string }
  /** Of a sample that an agent answered in an evaluation. */
  | { readonly kind: 'sample'; readonly dir: string; readonly index: number };

export interface AgentSnapshot {
  readonly source: TraceSource;
  /** As people name it in this window. */
  readonly label: string;
  readonly records: readonly AgentRecord[];
  /** Text of the step that is being written. */
  readonly writing: { readonly step: number; readonly text: string } | null;
  readonly isRunning: boolean;
  readonly problem: ViewProblem | null;
  readonly isTrusted: boolean;
  /** The model is known, so that the question can be asked again. */
  readonly canAskAgain: boolean;
}

/** Every request of the view, with what it gets back. */
export interface AgentRequests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: AgentSnapshot };
  stop: { params: null; result: null };
  /** The same question to the same model and agent, with another seed. */
  askAgain: { params: null; result: null };
  /** Puts a step's prompt into the sandbox. */
  openInSandbox: { params: { step: number }; result: null };
  /** Appends the question, with the answer that is right, to a file of examples. */
  saveExample: { params: { answer: string }; result: { saved: string | null } };
  saveTrace: { params: null; result: { saved: string | null } };
  copy: { params: { text: string }; result: null };
  trust: { params: null; result: null };
}

export type AgentRequestName = keyof AgentRequests;

export type AgentRequestMessage = {
  [K in AgentRequestName]: { id: number; request: K; params: AgentRequests[K]['params'] };
}[AgentRequestName];

export type AgentPost =
  | { type: 'trace'; snapshot: AgentSnapshot }
  /** The view is in sight again and asks anew. */
  | { type: 'shown' };

export type AgentHostMessage = ViewReply | AgentPost;
