/** What a conversion will write: which tensors as which type, in which files. Pure. */
import { fail } from '../problem';
import { dtypeBytes, sizeOf } from '../tensor/tensor';
import type { CastDtype } from './castPieces';
import { isCastDtype } from './castPieces';
import type { TensorHead } from './encodeSafetensors';
import { isForeign } from './foreignDtypes';
import { dtypeNames, nameOfDtype } from './safetensorsDtypes';
import type { TensorEntry, TensorFile } from './tensorFile';

export interface PlannedTensor extends TensorHead {
  /** The type that it is brought to, where that is another. */
  readonly cast?: CastDtype;
}

export interface ConvertPlan {
  readonly tensors: PlannedTensor[];
  readonly notes: string[];
}

/** @throws `convert.unreadable`, `convert.unsupported-dtype`, `convert.bad-name` */
export function planTensors(source: TensorFile, dtype?: CastDtype): ConvertPlan {
  const tensors: PlannedTensor[] = [];
  const notes: string[] = [];
  let untouched = 0;
  for (const [name, entry] of source.entries) {
    if (entry.sameAs !== undefined) {
      notes.push(`${name} is the same memory as ${entry.sameAs} and is kept once`);
      continue;
    }
    refuseUnfit(source, name, entry);
    tensors.push(planned(source, name, entry, dtype));
    if (dtype !== undefined && !isCastDtype(entry.dtype)) untouched++;
  }
  if (untouched > 0) notes.push(`${untouched} tensors that are not floating-point keep their type`);
  return { tensors, notes };
}

function refuseUnfit(source: TensorFile, name: string, entry: TensorEntry): void {
  const refuse = (kind: string, why: string) =>
    fail(`convert.${kind}`, `"${name}" of ${source.path} ${why}; nothing was written.`, {
      file: source.path,
      ...(entry.at && { byte: entry.at.offset }),
    });
  if (entry.unreadable !== undefined)
    refuse('unreadable', `${entry.unreadable}, which cannot be read`);
  if (name === '__metadata__' || /\p{Surrogate}/u.test(name))
    refuse('bad-name', 'has a name that no safetensors file can hold');
}

function planned(
  source: TensorFile,
  name: string,
  entry: TensorEntry,
  wanted: CastDtype | undefined,
): PlannedTensor {
  const { shape, dtype, bytes } = entry;
  const spelled = nameOfDtype(dtype);
  const isFloat8 = /^F[48]/.test(dtype);
  if (spelled === undefined || (wanted !== undefined && isFloat8))
    return fail(
      'convert.unsupported-dtype',
      spelled === undefined
        ? `"${name}" of ${source.path} is of type ${dtype}, which safetensors does not have; nothing was written.`
        : `"${name}" of ${source.path} is of type ${dtype}, which cannot be brought to ${wanted} yet; nothing was written.`,
      { file: source.path },
    );
  if (wanted === undefined || wanted === dtype || isForeign(dtype) || !isCastDtype(dtype))
    return { name, dtype: spelled, shape, bytes };
  const newBytes = sizeOf(shape) * dtypeBytes[wanted];
  return { name, dtype: dtypeNames[wanted], shape, bytes: newBytes, cast: wanted };
}

/** In the order of the source; each shard widest first, so that every tensor is aligned to its type. */
export function shardsOf(
  tensors: readonly PlannedTensor[],
  maxBytes = Infinity,
): (readonly PlannedTensor[])[] {
  const shards: PlannedTensor[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    if (bytes > 0 && bytes + tensor.bytes > maxBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += tensor.bytes;
  }
  return shards.map(shard => shard.sort((a, b) => width(b) - width(a)));
}

const width = ({ shape, bytes }: PlannedTensor): number => bytes / Math.max(1, sizeOf(shape));

/** More text is a header that nobody wants to read with every opening. */
const MAX_METADATA = 1 << 20;

/** What stood beside the tensors, and what the reference writes: the framework, and who is tied. */
export function metadataFor(source: TensorFile, notes: string[]): Map<string, string> {
  const metadata = new Map<string, string>();
  let size = 0;
  let left = 0;
  for (const [key, text] of source.metadata) {
    size += key.length + text.length;
    if (size > MAX_METADATA || /\p{Surrogate}/u.test(key + text)) left++;
    else metadata.set(key, text);
  }
  if (left > 0) notes.push(`${left} texts that stand beside the tensors were left out`);
  if (source.format !== 'safetensors' || !metadata.has('format')) metadata.set('format', 'pt');
  for (const [name, { sameAs }] of source.entries)
    if (sameAs !== undefined && !metadata.has(name)) metadata.set(name, sameAs);
  return metadata;
}
