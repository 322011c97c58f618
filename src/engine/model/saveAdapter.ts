/** An adapter as a folder in PEFT's format, which PEFT and this engine read. */
import { join, relative } from 'node:path';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, listFolder } from '../files/readFile';
import { ensureFolders, writeFileDurably, writeTextDurably } from '../files/writeDurably';
import { encodeSafetensors } from '../formats/encodeSafetensors';
import { fail } from '../problem';
import { adapterConfigText, type OpenedModel } from './modelFolder';
import { adapterParameters } from './modelShape';

/** @param dir is made; must be empty @throws `merge.no-adapter`, `merge.occupied`, `disk.…` */
export function saveAdapter(opened: OpenedModel, dir: string, fs: FileSystem = disk): void {
  const { model, baseDir } = opened;
  if (!model.lora)
    return fail('merge.no-adapter', `${baseDir} is a model without an adapter.`, { file: baseDir });
  if (exists(fs, dir) && listFolder(fs, dir).length > 0)
    fail('merge.occupied', `${dir} is not empty. Name a new folder.`, { file: dir });
  onDisk('write', dir, () => ensureFolders(fs, dir));
  const weights = new Map(
    adapterParameters(model).map(({ name }) => [
      `base_model.model.${name}.weight`,
      opened.read(name),
    ]),
  );
  const pieces = encodeSafetensors(weights, new Map([['format', 'pt']]));
  writeFileDurably(fs, join(dir, 'adapter_model.safetensors'), pieces);
  const base = relative(dir, baseDir);
  writeTextDurably(fs, join(dir, 'adapter_config.json'), adapterConfigText(model.lora, base));
}
