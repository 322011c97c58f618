/** Which of the formats that can be read a file is, by its content alone. */
import type { FileSystem } from '../files/fileSystem';
import { fail } from '../problem';
import type { ByteSource } from './byteSource';
import { lookalike, START_BYTES } from './lookalikes';
import { isNpy } from './numpy/npyHeader';
import { npyContents } from './numpy/npyContents';
import { isNpz, npzContents } from './numpy/npzContents';
import { isOnnx, onnxContents } from './onnx/onnxContents';
import { safetensorsContents } from './safetensors';
import type { FileContents } from './storedTensors';
import { isTorchLegacy, torchLegacyContents } from './torch/torchLegacy';
import { isTorchZip, torchZipContents } from './torch/torchZip';
import { readZipDirectory } from './zip/zipDirectory';

/** @throws `file.…`, `<format>.…`, `zip.…`, `disk.…` */
export function recognise(source: ByteSource, path: string, fs: FileSystem): FileContents {
  const start = Buffer.alloc(Math.min(START_BYTES, source.bytes));
  source.read(start, 0);
  if (isTorchLegacy(start)) return torchLegacyContents(source, path);
  if (isNpy(start)) return npyContents(source, path);
  const like = lookalike(start);
  if (like?.kind === 'zip') return zipContents(source, path);
  if (like === undefined) {
    if (isSafetensors(start, source.bytes) || /\.safetensors$/i.test(path))
      return safetensorsContents(source, path);
    if (/\.onnx$/i.test(path) || isOnnx(source)) return onnxContents(source, path, fs);
  }
  return refuse(like, source.bytes, path);
}

/** A header that fits, and begins as one: nothing else is likely to. */
function isSafetensors(start: Buffer, fileBytes: number): boolean {
  if (start.byteLength < 10) return false;
  const length = start.readBigUInt64LE();
  return length <= BigInt(fileBytes) && /^\s*\{/.test(start.toString('latin1', 8, 64));
}

function zipContents(source: ByteSource, path: string): FileContents {
  const members = readZipDirectory(source, path);
  if (isTorchZip(members)) return torchZipContents(source, path, members);
  if (isNpz(members)) return npzContents(source, path, members);
  const some = members.slice(0, 3).map(({ name }) => name);
  return fail(
    'file.unknown-zip',
    `${path} is a zip archive, but neither of PyTorch nor of NumPy: it holds ${some.join(', ') || 'nothing'}.`,
    { file: path, byte: 0 },
  );
}

const otherWords: Readonly<Record<string, string>> = {
  pickle:
    'it is a Python pickle that torch.save did not write; nothing of it was run. Save its tensors as safetensors or .npz',
};

function refuse(like: ReturnType<typeof lookalike>, bytes: number, path: string): never {
  if (bytes === 0)
    return fail('file.empty', `${path} is empty; download or copy it again.`, {
      file: path,
      byte: 0,
    });
  const words = (like && otherWords[like.kind]) ?? like?.words;
  return fail(
    `file.${like?.kind ?? 'unknown'}`,
    `${path} holds no tensors that can be read: ${words ?? 'it is neither safetensors nor PyTorch, NumPy or ONNX'}.`,
    { file: path, byte: 0 },
  );
}
