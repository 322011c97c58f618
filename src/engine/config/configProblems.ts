/**
 * The words for every mistake in a config that its schema can see. Builds problems as data from a
 * place and facts; knows nothing of YAML, of files or of how problems are shown.
 */
import type { Place, Problem } from '../problem';
import type { Field } from './fields';

const error = (code: string, where: Place, message: string): Problem => ({
  code: `config.${code}`,
  severity: 'error',
  message,
  where,
});

export const CONFIG_VERSION = 1;

export const emptyConfig = (where: Place) =>
  error('empty', where, `This config is empty. Start it with \`weightroom: ${CONFIG_VERSION}\`.`);

export const notAMap = (where: Place) =>
  error(
    'not-a-map',
    where,
    `A config is a map of keys. Start it with \`weightroom: ${CONFIG_VERSION}\`.`,
  );

export const firstKey = (where: Place) =>
  error(
    'first-key',
    where,
    `The first key must be \`weightroom: ${CONFIG_VERSION}\`. Put it first.`,
  );

export const unsupportedVersion = (where: Place, shown: string) =>
  error(
    'version',
    where,
    `Config version ${shown} is not supported; this Weightroom reads version ${CONFIG_VERSION}. Write \`weightroom: ${CONFIG_VERSION}\` or update Weightroom.`,
  );

export const duplicateKey = (where: Place, key: string) =>
  error('duplicate-key', where, `\`${key}\` is already given above. Remove one of the two.`);

export const unknownKey = (where: Place, key: string, section: string, nearest?: string) =>
  error(
    'unknown-key',
    where,
    `\`${key}\` is not a key of ${section ? `\`${section}\`` : 'a config'}. ${
      nearest ? `Did you mean \`${nearest}\`?` : 'Remove it.'
    }`,
  );

export const misplacedKey = (where: Place, key: string, home: string) =>
  error(
    'unknown-key',
    where,
    `\`${key}\` belongs ${home ? `in \`${home}\`` : 'at the top level'}. Move it there.`,
  );

export const keyFromFolder = (where: Place, key: string) =>
  error(
    'unknown-key',
    where,
    `\`${key}\` comes from the folder in \`model.from\` and cannot be set here. Remove it.`,
  );

export const keyOfTraining = (where: Place, key: string) =>
  error(
    'unknown-key',
    where,
    `\`${key}\` is of a config that trains, and this one has \`cache_study\`. Use two files, or remove one of the keys.`,
  );

export const missingKey = (where: Place, { path, key, example, description }: Field) => {
  const advice = example === undefined ? `Add it. ${description}` : `Add \`${key}: ${example}\`.`;
  return error('missing-key', where, `\`${path}\` is missing. ${advice}`);
};

export const missingValue = (where: Place, field: Field) =>
  error('wrong-type', where, `\`${field.path}\` has no value. It must be ${field.expects}.`);

export type ValueMistake = 'wrong-type' | 'out-of-range' | 'wrong-value' | 'wrong-format';

export const wrongValue = (where: Place, mistake: ValueMistake, field: Field, shown: string) =>
  error(mistake, where, `\`${field.path}\` must be ${field.expects}, not ${shown}.`);
