/**
 * Which tensor of a source becomes which parameter, and what remains over: a finding for each, as an
 * error or a note. Pure; reads only names, dtypes and shapes.
 */
import type { TensorEntry } from '../formats/tensorFile';
import { sameShape } from '../graph/graph';
import type { ParameterSpec } from './slmParameters';

export type LoadVerdict = 'loaded' | 'tied' | 'ignored' | 'missing' | 'unused' | 'misfit';

export interface LoadFinding {
  readonly verdict: LoadVerdict;
  /** Name in the source; absent when it is missing there. */
  readonly source?: string;
  /** The engine's parameter; absent when none takes it. */
  readonly parameter?: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** What is done to it on the way, in order. */
  readonly transforms: readonly string[];
  /** In words, when there is something to say. */
  readonly note?: string;
}

export interface LoadReport {
  readonly findings: readonly LoadFinding[];
  /** Source name of each parameter that was found. */
  readonly sources: ReadonlyMap<string, string>;
}

const isError = ({ verdict }: LoadFinding): boolean =>
  verdict === 'missing' || verdict === 'unused' || verdict === 'misfit';

export const loadErrors = (report: LoadReport): LoadFinding[] => report.findings.filter(isError);

/** Prefixes by which writers of the same model differ. */
const prefixes = ['transformer.', 'model.', 'base_model.model.'];
/** Buffers that old writers stored beside the parameters; computed, never learnt. */
const buffers = /(\.attn\.(bias|masked_bias)|rotary_emb\.(inv_freq|cos_cached|sin_cached))$/;
const HEAD = 'lm_head.weight';

/**
 * @param tied when the head is the embedding, so that a stored head is a copy of it
 * @param embedding name of the embedding
 */
export function matchTensors(
  specs: readonly ParameterSpec[],
  entries: ReadonlyMap<string, TensorEntry>,
  { tied, embedding }: { tied: boolean; embedding: string },
): LoadReport {
  const sources = new Map<string, string>();
  const findings: LoadFinding[] = [];
  for (const spec of specs) {
    const source = namesOf(spec.name).find(name => entries.has(name));
    const entry = source === undefined ? undefined : entries.get(source);
    if (source === undefined || !entry) {
      findings.push({
        verdict: 'missing',
        parameter: spec.name,
        shape: spec.shape,
        transforms: [],
        note: `no tensor ${spec.name} of [${spec.shape.join(', ')}]`,
      });
      continue;
    }
    sources.set(spec.name, source);
    findings.push(found(spec, source, entry));
  }
  const taken = new Set(sources.values());
  for (const [name, { dtype, shape }] of entries) {
    if (taken.has(name)) continue;
    const about = { source: name, dtype, shape, transforms: [] };
    if (name === HEAD && tied)
      findings.push({
        verdict: 'tied',
        parameter: embedding,
        ...about,
        note: `tied to ${embedding}`,
      });
    else if (buffers.test(name))
      findings.push({ verdict: 'ignored', ...about, note: 'a buffer that is computed' });
    else findings.push({ verdict: 'unused', ...about, note: `${name} is used by no parameter` });
  }
  return { findings, sources };
}

/** A parameter's own name, then the names other writers give it. */
function namesOf(parameter: string): string[] {
  const bare = prefixes.flatMap(p => (parameter.startsWith(p) ? [parameter.slice(p.length)] : []));
  return [parameter, ...bare, ...prefixes.map(p => `${p}${parameter}`)];
}

const floats: readonly string[] = ['float32', 'float16', 'bfloat16', 'float64'];

function found(spec: ParameterSpec, source: string, { dtype, shape }: TensorEntry): LoadFinding {
  const transforms = [
    ...(source === spec.name ? [] : ['rename']),
    ...(dtype === 'float32' ? [] : ['cast to float32']),
  ];
  const about = { source, parameter: spec.name, dtype, shape, transforms };
  if (!sameShape(shape, spec.shape))
    return {
      verdict: 'misfit',
      ...about,
      note: `${source} is [${shape.join(', ')}], config.json makes it [${spec.shape.join(', ')}]`,
    };
  if (!floats.includes(dtype))
    return { verdict: 'misfit', ...about, note: `${source} is ${dtype}, not floating-point` };
  return { verdict: 'loaded', ...about };
}
