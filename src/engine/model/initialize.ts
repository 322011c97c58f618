/** Fresh parameters: a pure function of the seed and of each parameter's place in the list. */
import { fillNormal, fillUniform, randomStream } from '../tensor/random';
import { type Tensor, zeros } from '../tensor/tensor';
import type { ParameterSpec } from './slmParameters';

export function initializeParameters(
  specs: readonly ParameterSpec[],
  seed: number,
): Map<string, Tensor> {
  return new Map(specs.map((spec, i) => [spec.name, initialize(spec, seed, i)]));
}

function initialize({ shape, init }: ParameterSpec, seed: number, index: number): Tensor {
  const parameter = zeros(shape);
  const next = randomStream(seed, 'weights', index);
  switch (init.kind) {
    case 'normal':
      fillNormal(parameter.data, init.std, next);
      break;
    case 'ones':
      parameter.data.fill(1);
      break;
    case 'kaiming':
      // gain √(2/(1+5)) · √3/√fan_in = 1/√fan_in
      fillUniform(parameter.data, 1 / Math.sqrt(shape[1] ?? 1), next);
      break;
    case 'zeros':
      break;
  }
  return parameter;
}
