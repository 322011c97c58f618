/**
 * What a device is here: something that holds a model's weights, runs its graph on given ids, and
 * gives values, gradients and the weights back as it has them.
 */
import type { DeviceName } from '../../protocol/devices';
import type { WholeModel } from '../generate/wholeDecoding';
import type { Graph } from '../graph/graph';
import type { ModelShape } from '../model/modelShape';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';

export type Ability = 'generate' | 'train' | 'trace' | 'gradients' | 'read-back' | 'plan-memory';

export interface DeviceFacts {
  readonly name: DeviceName;
  readonly title: string;
  readonly available: boolean;
  /** Why it is missing, and what would bring it. */
  readonly reason?: string;
  readonly abilities: readonly Ability[];
  /** How it holds weights. */
  readonly layout: 'canonical' | 'ttml';
  readonly dtypes: readonly string[];
  /** Versions, names of chips, where it runs. */
  readonly details: readonly string[];
  /** Bytes it can hold, where that is known. */
  readonly memoryBytes?: number;
}

export interface RunRequest {
  /** int64 [batch, time] */
  readonly ids: Tensor<'int64'>;
  /** Names of values of the model's graph that are wanted; `logits` among them if so. */
  readonly values: readonly string[];
}

export interface GradientRequest {
  readonly ids: Tensor<'int64'>;
  /** int64 [batch, time]; -1 is ignored. */
  readonly targets: Tensor<'int64'>;
  /** Names of values between embedding and head whose gradients are wanted, too. */
  readonly values?: readonly string[];
}

export interface LoadedModel {
  /** What the weights take on the device. */
  readonly weightBytes: number;
  /** Of a graph's values those that can be asked for; all of them where this is absent. */
  readonly known?: (graph: Graph) => ReadonlySet<string>;
  /** A weight by its canonical name, as the device holds it, in canonical form. */
  readBack(name: string): Promise<Tensor>;
  /** Values by name, float32. */
  run(request: RunRequest): Promise<Map<string, Tensor>>;
  /** `loss` [1], the gradient of each weight under its canonical name, and of each value under its. */
  gradients(request: GradientRequest): Promise<Map<string, Tensor>>;
  close(): Promise<void>;
}

/** One that texts can be continued with: what `logitsAt` needs is kept for the next token. */
export interface WritingModel extends LoadedModel, WholeModel {}

export interface LabDevice<Loaded extends LoadedModel = LoadedModel> {
  readonly name: DeviceName;
  /** @param weights by canonical name, float32 */
  load(model: ModelShape, weights: ReadonlyMap<string, Tensor>): Promise<Loaded>;
}

export const bytesIn = (weights: ReadonlyMap<string, Tensor>): number =>
  [...weights.values()].reduce((n, { data }) => n + data.byteLength, 0);

/** For devices that hold a model's own weights only. @throws `device.adapter` */
export function refuseAdapter(model: ModelShape): void {
  if (model.lora)
    fail(
      'device.adapter',
      'A model with an adapter is not loaded onto this device. Merge it first: weightroom merge.',
    );
}
