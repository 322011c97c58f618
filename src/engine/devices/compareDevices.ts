/**
 * One model on two devices, layer by layer: how far the values of a prompt agree, by layer and by
 * position, and the first operator whose inputs agree and whose result does not.
 */
import type { Graph, Node } from '../graph/graph';
import type { ModelShape } from '../model/modelShape';
import { baseParameters } from '../model/modelShape';
import { asFloat32 } from '../tensor/asFloat32';
import { type Tensor, tensor } from '../tensor/tensor';
import { type Agreement, agreementOf, isBad } from './agreement';
import type { LabDevice, LoadedModel } from './device';
import { type Border, computedValues, forwardGraph, layerBorders } from './graphValues';

export interface CompareRequest {
  readonly model: ModelShape;
  /** By canonical name, float32. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly ids: Tensor<'int64'>;
  /** Tokens to decode greedily on the left first: each is a step that is compared. */
  readonly steps?: number;
  /** int64 like ids: gradients are compared, too. */
  readonly targets?: Tensor<'int64'> | undefined;
  /** The least correlation that counts as agreement. */
  readonly threshold: number;
}

export interface LayerAgreement extends Agreement {
  /** `embedding`, the number of a block, or `logits`. */
  readonly layer: string;
  readonly value: string;
  readonly ok: boolean;
  /** By position of the first row: for decoded tokens, their step. */
  readonly pccByPosition: readonly number[];
}

export interface OperatorAgreement extends Agreement {
  readonly value: string;
  readonly op: string;
  readonly parameter?: string;
  readonly ok: boolean;
}

export interface FirstBad extends OperatorAgreement {
  readonly layer: string;
  /** Its weight is another one on the right, or the operator computes something else. */
  readonly because: 'weights' | 'operator';
  readonly weight?: Agreement;
}

export interface DeviceComparison {
  readonly left: string;
  readonly right: string;
  readonly threshold: number;
  readonly ok: boolean;
  readonly promptTokens: number;
  /** Ids that the left continued with. */
  readonly decoded: readonly number[];
  readonly layers: readonly LayerAgreement[];
  readonly logits: Agreement;
  /** Share of positions with the same likeliest token. */
  readonly topAgreement: number;
  /** Of the first layer that disagrees, all operators in order. */
  readonly operators: readonly OperatorAgreement[];
  readonly firstBad?: FirstBad;
  readonly gradients?: readonly (Agreement & { parameter: string; ok: boolean })[];
  /** Of what each layer gives, from the last to the first: the way that gradients take. */
  readonly layerGradients?: readonly LayerAgreement[];
  /** The operator on the way back whose result's gradient agrees, and that of what it takes does not. */
  readonly firstBadGradient?: OperatorAgreement & { readonly layer: string };
}

export async function compareDevices(
  left: LabDevice,
  right: LabDevice,
  request: CompareRequest,
): Promise<DeviceComparison> {
  const { model, weights } = request;
  const a = await left.load(model, weights);
  try {
    const b = await right.load(model, weights);
    try {
      return { left: left.name, right: right.name, ...(await compared(a, b, request)) };
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

async function compared(
  a: LoadedModel,
  b: LoadedModel,
  request: CompareRequest,
): Promise<Omit<DeviceComparison, 'left' | 'right'>> {
  const { model, threshold, targets } = request;
  const { ids, decoded } = await continued(a, request);
  const graph = forwardGraph(model, ids);
  const borders = layerBorders(graph);
  const values = borders.map(({ value }) => value);
  const [x, y] = [await a.run({ ids, values }), await b.run({ ids, values })];
  const layers = layerAgreements([x, y], borders, { ids, threshold });
  const [p, q] = [x.get('logits')!, y.get('logits')!];
  const firstLayer = layers.find(({ ok }) => !ok);
  const found = firstLayer && (await bisect({ a, b, graph, ids, threshold }, layers, firstLayer));
  const gradients = targets && (await comparedGradients(a, b, request, targets));
  const { ok: isRightBack = true, ...back } = gradients ?? {};
  return {
    threshold,
    ok: layers.every(({ ok }) => ok) && isRightBack,
    promptTokens: request.ids.shape[1]!,
    ...{ decoded, layers, logits: agreementOf(p, q), topAgreement: topAgreement(p, q) },
    operators: found?.operators ?? [],
    ...(found?.firstBad && { firstBad: found.firstBad }),
    ...back,
  };
}

type Both = readonly [ReadonlyMap<string, Tensor>, ReadonlyMap<string, Tensor>];

const layerAgreements = (
  [x, y]: Both,
  borders: readonly Border[],
  { ids, threshold }: Pick<CompareRequest, 'ids' | 'threshold'>,
): LayerAgreement[] =>
  borders.map(({ layer, value }) => {
    const [p, q] = [x.get(value)!, y.get(value)!];
    const agreement = agreementOf(p, q);
    return {
      ...{ layer, value, ok: !isBad(agreement, threshold), ...agreement },
      pccByPosition: byPosition(p, q, ids.shape[1]!),
    };
  });

/** The likeliest token again and again, each time over the whole text. */
async function continued(
  device: LoadedModel,
  { ids, steps = 0, model }: CompareRequest,
): Promise<{ ids: Tensor<'int64'>; decoded: number[] }> {
  const all = Array.from(ids.data, Number);
  const decoded: number[] = [];
  for (let i = 0; i < steps && all.length < model.base.block_size; i++) {
    const now = tensor('int64', [1, all.length], BigInt64Array.from(all, BigInt));
    const logits = (await device.run({ ids: now, values: ['logits'] })).get('logits')!;
    const next = topOf(logits, all.length - 1);
    all.push(next);
    decoded.push(next);
  }
  if (decoded.length === 0) return { ids, decoded };
  return { ids: tensor('int64', [1, all.length], BigInt64Array.from(all, BigInt)), decoded };
}

const rowsOf = ({ shape }: Tensor): number => shape.at(-1)!;

function topOf(logits: Tensor, row: number): number {
  const width = rowsOf(logits);
  const values = (logits.data as Float32Array).subarray(row * width, (row + 1) * width);
  return values.reduce((best, x, i) => (x > values[best]! ? i : best), 0);
}

function topAgreement(a: Tensor, b: Tensor): number {
  const rows = a.data.length / rowsOf(a);
  const same = Array.from({ length: rows }, (_, row) => topOf(a, row) === topOf(b, row));
  return same.filter(Boolean).length / rows;
}

function byPosition(a: Tensor, b: Tensor, time: number): number[] {
  const width = rowsOf(a);
  return Array.from(
    { length: time },
    (_, row) => agreementOf(a, b, row * width, (row + 1) * width).pcc,
  );
}

interface Bisecting {
  a: LoadedModel;
  b: LoadedModel;
  graph: Graph;
  ids: Tensor<'int64'>;
  threshold: number;
}

async function bisect(
  { a, b, graph, ids, threshold }: Bisecting,
  layers: readonly LayerAgreement[],
  { layer }: LayerAgreement,
): Promise<{ operators: OperatorAgreement[]; firstBad?: FirstBad }> {
  const names = valuesOfLayer(graph, layers, layer).filter(knownToBoth(a, b, graph));
  const takenFrom = sourcesAmong(graph, new Set(names));
  const [x, y] = [await a.run({ ids, values: names }), await b.run({ ids, values: names })];
  const nodes = new Map(graph.nodes.map(n => [n.outputs[0]!.name, n]));
  const parameters = new Set(graph.inputs.map(v => v.name));
  const bad = new Set<string>();
  const operators = names.map((value): OperatorAgreement => {
    const node = nodes.get(value)!;
    const agreement = agreementOf(x.get(value)!, y.get(value)!);
    const ok = !isBad(agreement, threshold);
    if (!ok) bad.add(value);
    const parameter = parameterOf(node, parameters);
    return { value, op: node.op, ...(parameter && { parameter }), ok, ...agreement };
  });
  const first = operators.find(
    ({ value, ok }) => !ok && !takenFrom(value).some(name => bad.has(name)),
  );
  if (!first) return { operators };
  return { operators, firstBad: await blamed({ a, b }, first, layer, threshold) };
}

/** All values after the former layer's last, to the last of this one. */
function valuesOfLayer(graph: Graph, borders: readonly Border[], layer: string): string[] {
  const at = borders.findIndex(border => border.layer === layer);
  const all = computedValues(graph).map(v => v.name);
  const from = at > 0 ? all.indexOf(borders[at - 1]!.value) + 1 : 0;
  return all.slice(from, all.indexOf(borders[at]!.value) + 1);
}

const knownToBoth =
  (a: LoadedModel, b: LoadedModel, graph: Graph): ((name: string) => boolean) =>
  name =>
    [a, b].every(({ known }) => known?.(graph).has(name) ?? true);

/** Which of the values one is computed from, through those that are none of them. */
function sourcesAmong(
  graph: Graph,
  among: ReadonlySet<string>,
): (name: string) => readonly string[] {
  const inputs = new Map(
    graph.nodes.flatMap(node => node.outputs.map(out => [out.name, node.inputs] as const)),
  );
  const sources = (name: string): string[] =>
    (inputs.get(name) ?? []).flatMap(v => (among.has(v.name) ? [v.name] : sources(v.name)));
  return name => [...new Set(sources(name))];
}

const parameterOf = ({ inputs }: Node, parameters: ReadonlySet<string>): string | undefined =>
  inputs.find(v => parameters.has(v.name) && v.name !== 'ids')?.name;

/** Whether the weight that the operator takes is the same on both. */
async function blamed(
  { a, b }: Pick<Bisecting, 'a' | 'b'>,
  first: OperatorAgreement,
  layer: string,
  threshold: number,
): Promise<FirstBad> {
  if (first.parameter === undefined) return { ...first, layer, because: 'operator' };
  const [x, y] = [await a.readBack(first.parameter), await b.readBack(first.parameter)];
  const weight = agreementOf(asFloat32(x)!, asFloat32(y)!);
  return { ...first, layer, because: isBad(weight, threshold) ? 'weights' : 'operator', weight };
}

async function comparedGradients(
  a: LoadedModel,
  b: LoadedModel,
  { model, ids, threshold }: CompareRequest,
  targets: Tensor<'int64'>,
) {
  const graph = forwardGraph(model, ids);
  const borders = layerBorders(graph).slice(0, -1).reverse(); // the head has its own way back
  const both = async (values: readonly string[]): Promise<Both> => {
    const request = { ids, targets, values };
    return [await a.gradients(request), await b.gradients(request)];
  };
  const [x, y] = await both(borders.map(({ value }) => value));
  const gradients = baseParameters(model)
    .filter(({ name }) => x.has(name) && y.has(name))
    .map(({ name }) => {
      const agreement = agreementOf(x.get(name)!, y.get(name)!);
      return { parameter: name, ok: !isBad(agreement, threshold), ...agreement };
    });
  const layerGradients = layerAgreements([x, y], borders, { ids, threshold });
  const ok = [...gradients, ...layerGradients].every(each => each.ok);
  const at = layerGradients.findIndex(each => !each.ok);
  // what a layer gives agrees no more: the fault is in the layer after it
  const after = borders[at - 1];
  if (!after) return { ok, gradients, layerGradients };
  const names = valuesOfLayer(graph, borders.toReversed(), after.layer);
  const taken = [borders[at]!.value, ...names].filter(knownToBoth(a, b, graph));
  const firstBadGradient = firstBadBack(graph, taken, await both(taken), threshold);
  return {
    ...{ ok, gradients, layerGradients },
    ...(firstBadGradient && { firstBadGradient: { ...firstBadGradient, layer: after.layer } }),
  };
}

/** @param names values in the order in which they are computed */
function firstBadBack(
  graph: Graph,
  names: readonly string[],
  [x, y]: Both,
  threshold: number,
): OperatorAgreement | undefined {
  const agreements = new Map(names.map(name => [name, agreementOf(x.get(name)!, y.get(name)!)]));
  const isWrong = (name: string) => isBad(agreements.get(name)!, threshold);
  const parameters = new Set(graph.inputs.map(v => v.name));
  const nodes = new Map(graph.nodes.map(n => [n.outputs[0]!.name, n]));
  const takenFrom = sourcesAmong(graph, new Set(names));
  for (const value of names.toReversed()) {
    if (!isWrong(value)) continue;
    const users = names.filter(name => takenFrom(name).includes(value));
    if (users.length === 0 || users.some(isWrong)) continue;
    const node = nodes.get(users[0]!)!;
    const parameter = parameterOf(node, parameters);
    return {
      ...{ value, op: node.op, ok: false, ...agreements.get(value)! },
      ...(parameter && { parameter }),
    };
  }
  return undefined;
}
