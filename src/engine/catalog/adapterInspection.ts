/**
 * The questions that a view of adapters has about their files, and about the bases that they are
 * over. Each is answered from files that anybody may have written, so this runs in a thread.
 */
import { dirname } from 'node:path';
import type { InspectedAdapter, InspectedLayer, PairOverlap } from '../../protocol/adapterView';
import { frobeniusNorm, overlapOf, updateOf } from '../model/inspectAdapter';
import { loraScale } from '../model/lora';
import { openModel, type OpenedModel } from '../model/modelFolder';
import { openAdapter, type OpenedAdapter } from '../model/openAdapter';
import { fail } from '../problem';
import { baseOf } from './modelSummary';

/** By name, with what each takes and gives; all of it survives a structured clone. */
export interface AdapterQuestions {
  inspect: { params: AdapterPlace; result: InspectedAdapter };
  /** Of the layers that both change. */
  overlap: { params: { first: string; second: string }; result: PairOverlap['layers'] };
  /** ‖W‖ of a layer of a base, which must have that shape or be stored turned, as GPT-2's. */
  baseNorm: {
    params: { baseDir: string; layer: string; shape: InspectedLayer['shape'] };
    result: number;
  };
}

export interface AdapterPlace {
  readonly dir: string;
  /** Of the hub, where its base may be. */
  readonly cacheDir: string;
  /** When it is not where the adapter says. */
  readonly baseDir?: string | undefined;
}

export type AdapterQuestion = {
  [K in keyof AdapterQuestions]: { ask: K; params: AdapterQuestions[K]['params'] };
}[keyof AdapterQuestions];

/** Keeps the bases open that it was asked about, as long as its thread lives. */
export class AdapterInspection {
  readonly #bases = new Map<string, OpenedModel>();

  answer({ ask, params }: AdapterQuestion): AdapterQuestions[keyof AdapterQuestions]['result'] {
    switch (ask) {
      case 'inspect':
        return inspect(params);
      case 'overlap':
        return overlap(params.first, params.second);
      case 'baseNorm':
        return this.#normOf(params);
    }
  }

  #normOf({ baseDir, layer, shape }: AdapterQuestions['baseNorm']['params']): number {
    const base = this.#bases.get(baseDir) ?? openModel(baseDir);
    this.#bases.set(baseDir, base);
    const name = `${layer}.weight`;
    if (!base.reports.some(({ sources }) => sources.has(name)))
      fail('adapter.other-base', `${baseDir} has no ${name}: the adapter is of another base.`, {
        file: baseDir,
      });
    const weight = base.read(name);
    const isTheirs = [shape, shape.toReversed()].some(one => one.join() === weight.shape.join());
    if (!isTheirs)
      fail(
        'adapter.other-base',
        `${name} is [${weight.shape.join(', ')}] in ${baseDir}, and the adapter changes [${shape.join(', ')}]: it is of another base.`,
        { file: baseDir },
      );
    return frobeniusNorm(weight.data);
  }
}

const using = <T>(dir: string, work: (adapter: OpenedAdapter) => T): T => {
  const adapter = openAdapter(dir);
  try {
    return work(adapter);
  } finally {
    adapter.close();
  }
};

const inspect = ({ dir, cacheDir, baseDir }: AdapterPlace): InspectedAdapter =>
  using(dir, ({ facts, layers, shapeOf, read }) => {
    const { lora, base, path, weights } = facts;
    const scaling = loraScale(lora);
    const found = base === undefined ? undefined : baseOf(dirname(path), base, cacheDir);
    return {
      rank: lora.r,
      alpha: lora.alpha,
      isAlphaStored: path !== weights,
      scaling,
      isRankStabilised: lora.rslora ?? false,
      targets: lora.targets,
      parameters: layers.reduce((sum, layer) => sum + lora.r * (shapeOf(layer)[0] + shapeOf(layer)[1]), 0), // prettier-ignore
      base: base ?? null,
      baseDir: baseDir ?? found ?? null,
      layers: layers.map(layer => ({
        ...updateOf(layer, read(layer), scaling),
        shape: shapeOf(layer),
      })),
    };
  });

const overlap = (first: string, second: string): PairOverlap['layers'] =>
  using(first, p =>
    using(second, q => {
      const others = new Set(q.layers);
      return p.layers
        .filter(layer => others.has(layer))
        .map(layer => ({ layer, ...overlapOf(checked(p, q, layer), q.read(layer)) }));
    }),
  );

function checked(p: OpenedAdapter, q: OpenedAdapter, layer: string) {
  const [one, other] = [p.shapeOf(layer), q.shapeOf(layer)];
  if (one.join() !== other.join())
    fail(
      'adapter.other-base',
      `${layer} is [${one.join(', ')}] in ${p.facts.path} and [${other.join(', ')}] in ${q.facts.path}: they are adapters of different bases.`,
      { file: q.facts.path },
    );
  return p.read(layer);
}
