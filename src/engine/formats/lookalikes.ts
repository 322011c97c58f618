/**
 * What people have instead of the file they wanted, known by its first bytes, and what to do then.
 * Knows nothing of the formats that can be read.
 */

export interface Lookalike {
  /** Of the problem: `file.<kind>`. */
  readonly kind: string;
  /** As the end of "it is not a … file: ". */
  readonly words: string;
}

/** So many bytes from the start of a file tell. */
export const START_BYTES = 512;

const DOWNLOAD_AGAIN = 'download the file again';

interface Sign extends Lookalike {
  readonly is: (start: Buffer) => boolean;
}

const begins =
  (...signatures: (string | number[])[]) =>
  (start: Buffer): boolean =>
    signatures.some(signature => {
      const bytes = Buffer.from(signature as string, 'latin1');
      return start.subarray(0, bytes.length).equals(bytes);
    });

const signs: readonly Sign[] = [
  {
    kind: 'lfs-pointer',
    words: 'it is a Git LFS pointer; fetch the file itself with `git lfs pull`',
    is: begins('version https://git-lfs'),
  },
  {
    kind: 'web-page',
    words: `it is a web page, most likely an error message; ${DOWNLOAD_AGAIN}`,
    is: start => /^\s*<(!doctype|html|\?xml|head|body)/i.test(start.toString('latin1')),
  },
  {
    kind: 'gguf',
    words: 'it is a GGUF model, which llama.cpp reads; take the safetensors version of the model',
    is: begins('GGUF'),
  },
  {
    kind: 'ggml',
    words: 'it is an old GGML model; take the safetensors version of the model',
    is: begins('lmgg', 'tjgg', 'fmgg', 'algg'),
  },
  {
    kind: 'hdf5',
    words: 'it is an HDF5 file, as Keras writes; export its weights as .npz or .safetensors',
    is: begins('\x89HDF\r\n\x1a\n'),
  },
  {
    kind: 'parquet',
    words: 'it is a Parquet table, which holds rows and no tensors',
    is: begins('PAR1'),
  },
  {
    kind: 'tflite',
    words: 'it is a TensorFlow Lite model; export the weights as .onnx or .safetensors',
    is: start => start.toString('latin1', 4, 8) === 'TFL3',
  },
  {
    kind: 'compressed',
    words: 'it is a compressed archive; unpack it first',
    is: begins('\x1f\x8b', 'BZh', '7z\xbc\xaf\x27\x1c', '\xfd7zXZ\0', '\x28\xb5\x2f\xfd', 'Rar!'),
  },
  {
    kind: 'tar',
    words: 'it is a tar archive; unpack it first, or save it again with a newer PyTorch',
    is: start => start.toString('latin1', 257, 262) === 'ustar',
  },
  {
    kind: 'json',
    words: 'it is JSON text, as an index or a config is; open the weights beside it',
    is: start => /^\s*\{\s*"/.test(start.toString('latin1')),
  },
  {
    kind: 'zip',
    words: 'it is a zip archive, as PyTorch and NumPy write; convert it first',
    is: begins('PK\x03\x04', 'PK\x05\x06'),
  },
  {
    kind: 'pickle',
    words: 'it is a Python pickle; convert it first',
    is: start => start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5,
  },
];

/** @param start the first bytes of the file, or all of a smaller one */
export const lookalike = (start: Buffer): Lookalike | undefined => signs.find(s => s.is(start));
