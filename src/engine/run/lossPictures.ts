/** The loss curves of a run as pictures in its folder: `loss.svg` and `loss.png`. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { type CurveEnd, renderLossSvg } from '../../curves/lossPicture';
import type { RunState } from '../../protocol/runState';
import { disk, type FileSystem } from '../files/fileSystem';
import { writeFileDurably, writeTextDurably } from '../files/writeDurably';
import { readSeries } from './seriesCache';

/** Pixels of the PNG per unit of the SVG: sharp on a dense screen. */
const PNG_SCALE = 2;

/** @returns the paths written */
export async function writeLossPictures(
  runDir: string,
  fs: FileSystem = disk,
): Promise<{ svg: string; png: string }> {
  const series = await readSeries(runDir, fs);
  const { name } = series.state;
  const svg = renderLossSvg([{ name, slot: 0, series, end: endOf(series.state) }]);
  const paths = { svg: join(runDir, 'loss.svg'), png: join(runDir, 'loss.png') };
  writeTextDurably(fs, paths.svg, svg);
  writeFileDurably(fs, paths.png, [await renderPng(svg)]);
  return paths;
}

const endOf = ({ status }: RunState): CurveEnd =>
  status === 'preparing' || status === 'training' ? 'live' : status;

let ready: Promise<void> | undefined;

async function renderPng(svg: string): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(asset('resvg.wasm', '@resvg/resvg-wasm/index_bg.wasm')));
  await ready;
  const font = readFileSync(asset('DejaVuSans.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  try {
    return image.render().asPng();
  } finally {
    image.free();
  }
}

/** Beside the bundle, or in the package it comes from. */
function asset(bundled: string, module: string): string {
  const beside = join(import.meta.dirname, bundled);
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(module);
}
