/** What the keys of a cache study must be to each other. Pure; knows nothing of files. */
import { error, fine, type Rule, unused, warning } from './rule';

const forms = (key: string) => [key, `${key}_file`, `${key}_ids`].map(k => `cache_study.${k}`);

/** At most one of a text, a file with it and its ids. */
const once = (key: string): Rule => ({
  keys: forms(key),
  check(_, isWritten) {
    const [first, second] = forms(key).filter(isWritten);
    if (first === undefined || second === undefined) return fine;
    const [kept, other] = [first, second].map(path => path.replace('cache_study.', ''));
    return error('given-twice', second, `\`${kept}\` is given as well. Remove \`${other}\`.`);
  },
});

export const cacheStudyRules: readonly Rule[] = [
  once('prefix'),
  once('question'),
  once('continuation'),
  {
    keys: ['cache_study', ...forms('prefix')],
    check({ study }, isWritten) {
      if (!study || forms('prefix').some(isWritten)) return fine;
      return error(
        'prefix-needed',
        'cache_study',
        'Nothing says what is cached. Add `prefix`, `prefix_file` or `prefix_ids`.',
      );
    },
  },
  {
    keys: ['cache_study.store', 'cache_study.strategies'],
    check({ study }, isWritten) {
      if (!study || study.strategies.some(s => s.startsWith('lowrank'))) return fine;
      const key = ['store', 'ranks', 'layers'].find(k => isWritten(`cache_study.${k}`));
      return key === undefined ? fine : unused(`cache_study.${key}`, 'no strategy keeps residuals');
    },
  },
  {
    keys: ['cache_study.adapters'],
    check({ study }) {
      if (!study) return fine;
      const repeated = study.adapters.findIndex((a, i) => study.adapters.indexOf(a) < i);
      if (repeated < 0) return fine;
      const key = `cache_study.adapters.${repeated}`;
      return warning('adapter-twice', key, 'This adapter is named already. Remove it.');
    },
  },
];
