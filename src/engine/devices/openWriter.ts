/** A model that is talked to, on any device. Loads the native runtime. */
import { type DeviceName, type ForeignDevice, isRuntimeDevice } from '../../protocol/devices';
import { backendOver } from '../generate/wholeDecoding';
import { generatorOver } from '../generate/generate';
import type { ScoredRow } from '../generate/scoring';
import type { OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters } from '../model/programs';
import { fail } from '../problem';
import {
  type Computing,
  openTextModel,
  openTextModelOver,
  type OpenTextModel,
  type TextModel,
} from '../sandbox/textModel';
import { asFloat32 } from '../tensor/asFloat32';
import { tensor } from '../tensor/tensor';
import type { WritingModel } from './device';
import { openForeignDevice } from './openDevice';

export interface OpenWriter extends Omit<OpenTextModel, 'device'> {
  device?: DeviceName | undefined;
  /** The interpreter for PyTorch and ttml; one is looked for when none is given. */
  python?: string | undefined;
}

/** @throws as `openTextModel`; `device.…`, `python.failed` */
export async function openWriter({
  device = 'cpu',
  python,
  ...request
}: OpenWriter): Promise<TextModel> {
  if (isRuntimeDevice(device)) return openTextModel({ ...request, device });
  checkRun(device, request);
  return openTextModelOver(request, opened => computingOn(device, opened, python));
}

/** @throws `device.no-cache`, `device.few-bits` */
function checkRun(
  device: ForeignDevice,
  { backend = 'nocache', bits }: Pick<OpenTextModel, 'backend' | 'bits'>,
): void {
  if (backend !== 'nocache')
    fail(
      'device.no-cache',
      `On ${device} each token is written by reading the whole text, one way for all: leave the backend out, or say nocache.`,
    );
  if (bits !== undefined)
    fail(
      'device.few-bits',
      `${device} takes weights as they are, not in int${bits}: leave that out, or choose the processor.`,
    );
}

async function computingOn(
  device: ForeignDevice,
  { model, read }: OpenedModel,
  python: string | undefined,
): Promise<Computing> {
  const specs = [...baseParameters(model), ...adapterParameters(model)];
  const weights = new Map(specs.map(({ name }) => [name, asFloat32(read(name))!] as const));
  const loaded = await openForeignDevice(device, { python }).load(model, weights);
  return {
    generator: generatorOver(backendOver(loaded, model.base)),
    scorer: {
      losses: async rows => {
        const losses: number[][] = [];
        for (const row of rows) losses.push(await lossesOf(loaded, row));
        return losses;
      },
      dispose: () => Promise.resolve(), // the generator closes what both ask
    },
    backend: 'nocache',
  };
}

/** −ln p in nats of each scored token. */
async function lossesOf(loaded: WritingModel, { ids: tokens, from }: ScoredRow): Promise<number[]> {
  const read = BigInt64Array.from(tokens.slice(0, -1), BigInt);
  const ids = tensor('int64', [1, read.length], read);
  const logits = (await loaded.run({ ids, values: ['logits'] })).get('logits')!;
  const width = logits.shape.at(-1)!;
  return tokens.slice(from).map((token, i) => {
    const at = (from - 1 + i) * width;
    const scores = (logits.data as Float32Array).subarray(at, at + width);
    const largest = scores.reduce((a, b) => Math.max(a, b));
    const sum = scores.reduce((all, x) => all + Math.exp(x - largest), 0);
    return Math.log(sum) + largest - scores[token]!;
  });
}
