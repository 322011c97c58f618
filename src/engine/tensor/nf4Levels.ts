/**
 * The 16 levels of NF4 (Dettmers et al. 2023), as bitsandbytes has them: quantiles of the normal
 * distribution brought to [−1, 1], with an exact zero.
 */
import { type Tensor, tensor } from './tensor';

/** Numbers that share a largest one. */
export const NF4_BLOCK = 64;

export const NF4_LEVELS = Float32Array.of(
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453],
  ...[-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0],
  ...[0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224],
  ...[0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
);

/** Of each byte the levels of its two numbers, the high half first. float32 [256, 2] */
export const nf4Pairs = (): Tensor<'float32'> =>
  tensor(
    'float32',
    [256, 2],
    Float32Array.from({ length: 512 }, (_, i) => NF4_LEVELS[i % 2 ? (i >> 1) & 15 : i >> 5]!),
  );
