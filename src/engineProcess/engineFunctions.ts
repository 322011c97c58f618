/** The functions that the host may call, and nothing else of the engine. */
import { findDevices } from '../engine/devices/findDevices';
import type { EngineFunctions, HostFunctions } from '../protocol/engineProcess';
import { Generations } from './generations';
import { OpenModels } from './openModels';

/** @param host who is told; asked for late, since both sides are made together */
export function engineFunctions(host: () => HostFunctions): EngineFunctions {
  const models = new OpenModels({
    onProgress: (spec, progress) => void host().opening(spec, progress),
  });
  const generations = new Generations(models, host);
  return {
    open: spec => models.use(spec, model => Promise.resolve(model.facts)),
    prompt: (spec, input) => models.use(spec, model => model.prompt(input)),
    generate: request => generations.run(request),
    cancel: id => Promise.resolve(generations.cancel(id)),
    keep: specs => models.keep(specs),
    devices: async python =>
      (await findDevices({ python })).map(({ name, details, reason }) => ({
        ...{ name, details: details.join('; ') },
        reason: reason ?? null,
      })),
    pulse: () =>
      Promise.resolve({ residentBytes: process.memoryUsage.rss(), openModels: models.count }),
  };
}
