/** Weights of 16 bits as float32, from their files by the runtime's own cast. */
import { GraphBuilder } from '../graph/graph';
import { onnxDtypes } from '../graph/toOnnx';
import { openSession } from '../session/session';
import { dtypeBytes, type ExternalTensor, sizeOf, type Tensor } from '../tensor/tensor';

export interface WidenOptions {
  /** 0 uses every core. */
  threads?: number;
  /** Of the 16 bits: so much is cast at a time, or one weight that is larger. */
  groupBytes?: number;
}

/**
 * Each by its name in float32, exactly. Neither the 16 bits nor the 32 are walked in JavaScript, and
 * apart from the results only one group of them is in memory at a time.
 *
 * @param stored float16 or bfloat16, where they lie in their files
 */
export async function widenWeights(
  stored: ReadonlyMap<string, ExternalTensor>,
  { threads = 0, groupBytes = 64 * 1024 ** 2 }: WidenOptions = {},
): Promise<Map<string, Tensor>> {
  const wide = new Map<string, Tensor>();
  for (const group of groupsOf(stored, groupBytes)) {
    const b = new GraphBuilder('widen');
    const casts = group.map(([name, where]) =>
      b.one('Cast', [b.constant(name, where)], { to: onnxDtypes.float32 }),
    );
    const session = await openSession(b.build(casts), { threads, optimises: false });
    try {
      const results = await session.run(new Map());
      for (const [i, [name]] of group.entries()) wide.set(name, results.get(casts[i]!.name)!);
    } finally {
      await session.dispose();
    }
  }
  return wide;
}

function groupsOf(
  stored: ReadonlyMap<string, ExternalTensor>,
  groupBytes: number,
): [string, ExternalTensor][][] {
  const groups: [string, ExternalTensor][][] = [];
  let room = 0;
  for (const entry of stored) {
    const bytes = sizeOf(entry[1].shape) * dtypeBytes[entry[1].dtype];
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = groupBytes;
    }
    groups.at(-1)!.push(entry);
    room -= bytes;
  }
  return groups;
}
