/**
 * What crosses between the host and the sandbox view. The host holds the document: what was asked,
 * of which models, and what they wrote. The view edits its fields, asks for actions, and is told
 * what changed. Plain data that survives a structured clone, and JSON.
 */
import type { Terminal } from './commandLine';
import type { ModelSpec } from './engineProcess';
import type { DeviceChoice } from './devices';
import type { LayerError } from './runEvent';
import type { Alternative, EndReason, PromptToken } from './sandbox';
import type { ViewProblem, ViewReply } from './viewReply';

export const modes = ['completion', 'chat'] as const;
export type Mode = (typeof modes)[number];

export type Backend = ModelSpec['backend'];
export type Device = ModelSpec['device'];

/** An adapter that was put on a model. */
export interface PickedAdapter {
  readonly dir: string;
  /** "maths, step 200" */
  readonly name: string;
  /** As a command line names it. */
  readonly path: string;
  /** "r 8, α 16"; empty when it does not say. */
  readonly detail: string;
  /** How strongly it acts while it is on: 1 as it was trained, at most `LARGEST_WEIGHT`. */
  readonly weight: number;
  readonly isOn: boolean;
}

export const LARGEST_WEIGHT = 2;
export const MOST_ADAPTERS = 8;

/** A model that was picked: everything that can be said of it without opening it. */
export interface PickedModel {
  /** A model folder, a checkpoint, or the folder of an adapter whose base is not where it says. */
  readonly dir: string;
  /** Over it, in the order in which they were put on. */
  readonly adapters: readonly PickedAdapter[];
  /** "SLM 26.4 M · base, step 6 000" */
  readonly name: string;
  /** Where there is room for a word: "base". */
  readonly short: string;
  /** As a command line names it: relative to the workspace where it is in it. */
  readonly path: string;
  /** Tokens it can look at; 0 = not known. */
  readonly contextLength: number;
}

/** How a column runs its model. */
export interface ColumnRun {
  readonly backend: Backend;
  readonly device: Device;
  /** Null = as the weights are. */
  readonly bits: 4 | 8 | null;
}

export interface Column extends ColumnRun {
  readonly id: string;
  readonly model: PickedModel | null;
}

export const MOST_COLUMNS = 4;

/** Every token is kept with its alternatives: a longer text is none that anybody looks at. */
export const MOST_NEW_TOKENS = 32_768;

/** How tokens are drawn; kept also while greedy ignores it. */
export interface Sampling {
  readonly temperature: number;
  /** 0 = all. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly greedy: boolean;
  readonly stop: readonly string[];
}

/** A token that a model wrote. */
export interface Token {
  readonly id: number;
  readonly piece: string;
  /** The characters that it completes; none of a special token. */
  readonly shown: string;
  readonly probability: number;
  readonly survivors: number;
  readonly entropy: number | null;
  readonly alternatives: readonly Alternative[];
  /** The user put it there. */
  readonly isForced?: true | undefined;
}

export type OutcomeStatus =
  | { readonly kind: 'waiting' }
  /** The model is opened; with a layer while it is quantised. */
  | {
      readonly kind: 'opening';
      readonly layer: string | null;
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: 'streaming' }
  | { readonly kind: 'ended'; readonly reason: EndReason }
  | { readonly kind: 'failed'; readonly problem: ViewProblem };

export interface OutcomeStats {
  readonly secondsOpening: number;
  readonly secondsToFirst: number;
  readonly tokensPerSecond: number;
  readonly cacheBytes: number;
}

/** What one column wrote in one exchange, with everything that it takes to write it again. */
export interface Outcome {
  readonly column: string;
  readonly model: PickedModel;
  readonly run: ColumnRun;
  /** With the seed that this column had. */
  readonly sampling: Sampling;
  /** Of the prompt as the model reads it; empty until that is known. */
  readonly promptIds: readonly number[];
  /** Rendered by the chat template; null when it was not. */
  readonly rendered: string | null;
  readonly status: OutcomeStatus;
  readonly tokens: readonly Token[];
  /** So many of its first tokens were there before: it is a branch, and the last of them was chosen. */
  readonly continued: number;
  /** What of the tokens' text counts, once it is over: a stop text is no part of it. */
  readonly text: string | null;
  readonly stats: OutcomeStats | null;
}

/** A question and what each column made of it. */
export interface Exchange {
  readonly id: string;
  readonly mode: Mode;
  /** The text to continue, or what the user said. */
  readonly user: string;
  readonly outcomes: readonly Outcome[];
}

/** Everything that is kept when the window closes. */
export interface SandboxDocument {
  readonly mode: Mode;
  /** The text to continue. */
  readonly prompt: string;
  readonly system: string;
  /** What is to be said next in a chat. */
  readonly message: string;
  readonly sampling: Sampling;
  /** Else each column counts on from the seed. */
  readonly sameSeed: boolean;
  readonly columns: readonly Column[];
  /** Of both modes; a completion has one at most. */
  readonly exchanges: readonly Exchange[];
}

/** What the view changes as the user types. */
export type Edits = Partial<
  Pick<SandboxDocument, 'mode' | 'prompt' | 'system' | 'message' | 'sampling' | 'sameSeed'>
>;

export interface HistoryItem {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly title: string;
  readonly models: readonly string[];
}

/** The prompt as the model of a column reads it. */
export interface PromptFacts {
  readonly column: string;
  readonly tokens: readonly PromptToken[];
  /** Rendered by the chat template; null when it was not. */
  readonly rendered: string | null;
}

/** What is known of the prompt's tokens; null when nobody has asked. */
export type PromptState =
  | { readonly kind: 'counting'; readonly opening: string | null }
  | { readonly kind: 'known'; readonly facts: PromptFacts }
  | { readonly kind: 'failed'; readonly problem: ViewProblem }
  | null;

export interface EngineFacts {
  readonly kind: 'off' | 'running' | 'silent' | 'restarting' | 'down';
  /** Why it is not running. */
  readonly cause: string | null;
}

/** Small facts around the document. */
export interface Circumstances {
  readonly isTrusted: boolean;
  /** As commands are written for it. */
  readonly terminal: Terminal;
  readonly engine: EngineFacts;
  readonly history: readonly HistoryItem[];
}

export interface Snapshot extends Circumstances {
  readonly document: SandboxDocument;
  readonly promptState: PromptState;
}

export type AdapterUse = Pick<PickedAdapter, 'weight' | 'isOn'>;

export const copyables = ['command', 'text', 'ids', 'prompt'] as const;
export type Copyable = (typeof copyables)[number];

export interface Requests {
  /** The view has come up, or is visible again. */
  ready: { params: null; result: Snapshot };
  edit: { params: Edits; result: null };
  /** Asks for the prompt's tokens as a column reads them. */
  count: { params: { column: string }; result: null };
  addColumn: { params: null; result: null };
  removeColumn: { params: { column: string }; result: null };
  /** Lets the user choose a model, or one more adapter for the model that is there. */
  chooseModel: { params: { column: string; what: 'model' | 'adapter' }; result: null };
  /** Turns an adapter on or off, weighs it, or takes it from the model: null. */
  setAdapter: { params: { column: string; adapter: string; to: AdapterUse | null }; result: null };
  /** Which devices a column can write on, and why the others are missing. */
  devices: { params: null; result: readonly DeviceChoice[] };
  setColumn: { params: { column: string; run: ColumnRun }; result: null };
  /** How far each layer of a column in few bits is from its weights, in the model's order. */
  layerErrors: { params: { column: string }; result: readonly LayerError[] };
  /** Null = all columns. Ends what is under way. */
  generate: { params: { column: string | null }; result: null };
  /** The last exchange once more, with the settings as they are now. */
  regenerate: { params: { column: string | null }; result: null };
  stop: { params: { column: string | null }; result: null };
  /** Goes on from another token than the one that was picked at `at`. */
  branch: { params: { column: string; at: number; token: number }; result: null };
  /** Forgets the exchanges of the mode. */
  clear: { params: null; result: null };
  restore: { params: { item: string }; result: null };
  forget: { params: { item: string | null }; result: null };
  copy: { params: { column: string; what: Copyable }; result: null };
  saveJson: { params: null; result: Saved };
  saveExample: { params: { column: string }; result: Saved };
  trust: { params: null; result: null };
  restartEngine: { params: null; result: null };
}

export interface Saved {
  /** Path as people name it; null when the user chose none. */
  saved: string | null;
}

export type RequestName = keyof Requests;

export type RequestMessage = {
  [K in RequestName]: { id: number; request: K; params: Requests[K]['params'] };
}[RequestName];

/** An outcome without its tokens, and those that are new: `from` counts the ones that stay. */
export interface OutcomePost {
  type: 'outcome';
  exchange: string;
  outcome: Omit<Outcome, 'tokens'>;
  from: number;
  tokens: Token[];
}

export type Post =
  | { type: 'document'; document: SandboxDocument }
  | OutcomePost
  | { type: 'prompt'; promptState: PromptState }
  | ({ type: 'circumstances' } & Circumstances)
  /** The view is in sight again: if it never went away, it has missed changes and asks anew. */
  | { type: 'shown' };

export type HostMessage = ViewReply | Post;
