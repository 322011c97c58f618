/**
 * What the extension host and the engine process may ask of each other: two closed tables of
 * functions. Plain data that survives a structured clone.
 */
import type { DeviceChoice, DeviceName } from './devices';
import type { GenerationEvent, ModelFacts, Prompt, PromptInput, SamplingSettings } from './sandbox';

/** How a model is to be opened; equal specs are one open model. */
export interface ModelSpec {
  /** A model folder, a checkpoint, or an adapter's folder. */
  readonly dir: string;
  /** Over `dir`, and how strongly each acts: 1 as it was trained. */
  readonly adapters?: readonly { readonly dir: string; readonly weight: number }[];
  readonly backend: 'kv' | 'nocache' | 'batch';
  readonly bits?: 4 | 8;
  readonly device: DeviceName;
  /** The interpreter for devices that are asked through Python; one is looked for when none is given. */
  readonly python?: string;
}

export interface GenerationRequest {
  /** The host's own: unique among its generations. */
  readonly id: string;
  readonly model: ModelSpec;
  readonly ids: readonly number[];
  /** So many of the last ids are of the continuation already. */
  readonly continued: number;
  readonly settings: SamplingSettings;
}

/** How far an opening is. */
export interface OpeningProgress {
  readonly layer: string;
  readonly done: number;
  readonly total: number;
}

export interface Pulse {
  readonly residentBytes: number;
  readonly openModels: number;
}

/** What the host may ask of the engine process. Each rejects with a problem, as data. */
export interface EngineFunctions {
  /** Opens a model, or finds it open. */
  open(model: ModelSpec): Promise<ModelFacts>;
  prompt(model: ModelSpec, input: PromptInput): Promise<Prompt>;
  /** One at a time, in the order of asking. Settles when its last event has been told. */
  generate(request: GenerationRequest): Promise<void>;
  /** Ends a generation within a token; also one whose turn has not come. */
  cancel(id: string): Promise<void>;
  /** Closes what is open and not among these, once nobody uses it. */
  keep(models: readonly ModelSpec[]): Promise<void>;
  /** Which devices models can write on here: each is tried. @param python as in a spec */
  devices(python: string | undefined): Promise<DeviceChoice[]>;
  pulse(): Promise<Pulse>;
}

/** What the engine process tells the host. */
export interface HostFunctions {
  /** The turn of a generation has come. */
  began(id: string): Promise<void>;
  /** Its answer is the leave to tell more. */
  generated(id: string, events: readonly GenerationEvent[]): Promise<void>;
  opening(model: ModelSpec, progress: OpeningProgress): Promise<void>;
}
