/** All that pickles of PyTorch may do, as one allow-list. */
import { buildArray, buildDtype, numpyCalls } from './numpyCalls';
import type { PickleLanguage } from './pickleMachine';
import { pythonCalls } from './pythonCalls';
import type { Storages } from './storages';
import { torchCalls } from './torchCalls';

const calls: PickleLanguage['calls'] = new Map(
  [pythonCalls, torchCalls, numpyCalls].flatMap(table => Object.entries(table)),
);

export const torchLanguage = (storages: Storages): PickleLanguage => ({
  calls,
  persistent: (id, at) => storages.find(id, at),
  build(target, state, at) {
    switch (target.kind) {
      case 'record':
        target.state = state;
        return true;
      case 'dict': // attributes of an OrderedDict, as the versions of a state_dict's modules
      case 'tensor': // attributes of a parameter
        return true;
      case 'array':
        return buildArray(target, state, at);
      case 'numpy-dtype':
        return buildDtype(target, state);
      default:
        return false;
    }
  },
});
