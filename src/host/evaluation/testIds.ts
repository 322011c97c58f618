/** Names of the rows of the Test Explorer: a config or a folder, and below it samples. Pure. */

export const configTestId = (path: string): string => `config:${path}`;
export const folderTestId = (dir: string): string => `folder:${dir}`;

const SAMPLE = '#sample-';

export const sampleTestId = (parent: string, index: number): string => `${parent}${SAMPLE}${index}`;

/** Of a row of samples or of their parent. */
export const parentTestId = (id: string): string => id.split(SAMPLE)[0]!;

/** Undefined of a row that is no sample. */
export function indexOfTest(id: string): number | undefined {
  const index = id.split(SAMPLE)[1];
  return index === undefined ? undefined : Number(index);
}

/** Path of the config that the row is about, if it is about one. */
export function configOfTest(id: string): string | undefined {
  const parent = parentTestId(id);
  return parent.startsWith('config:') ? parent.slice('config:'.length) : undefined;
}
