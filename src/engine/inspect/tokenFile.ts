/** A bin of token ids as a file of one tensor, with what its sidecar says of it as metadata. */
import type { BinSidecar } from '../data/binSidecar';
import { readSidecar } from '../data/binSidecar';
import { checkBinSize } from '../data/tokenBin';
import type { FileSystem } from '../files/fileSystem';
import { openStored } from '../formats/storedTensors';
import type { TensorFile } from '../formats/tensorFile';

/** @throws `data.…`, `disk.…` */
export function openTokenFile(path: string, fs: FileSystem): TensorFile {
  const sidecar = readSidecar(path, fs);
  const dtype = sidecar?.dtype ?? 'uint16';
  const width = dtype === 'uint16' ? 2 : 4;
  return openStored(fs, path, source => {
    checkBinSize(path, source.bytes, sidecar);
    const { bytes } = source;
    const tokens = { dtype, shape: [bytes / width], bytes, source, start: 0 };
    const metadata = sidecar ? factsOf(sidecar) : UNKNOWN;
    return { format: 'tokens', metadata, tensors: new Map([['tokens', tokens]]) };
  });
}

const UNKNOWN: ReadonlyMap<string, string> = new Map([
  ['tokenizer', 'unknown: no sidecar beside the bin, read as uint16'],
]);

function factsOf(sidecar: BinSidecar): Map<string, string> {
  const { tokenizer, vocabSize, endOfText, examples, source, created, sha256 } = sidecar;
  const [from, to] = source.part;
  return new Map([
    ['tokenizer', tokenizer],
    ['vocabulary', String(vocabSize)],
    ...(endOfText === undefined ? [] : ([['end of text', String(endOfText)]] as const)),
    ['examples', String(examples)],
    ['source', `${source.file}, examples ${from} to ${to - 1}`],
    ['created', created],
    ['sha256', sha256],
  ]);
}
