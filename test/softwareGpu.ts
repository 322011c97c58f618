/** A GPU in software, for tests of WebGPU on machines without one: SwiftShader of Debian's chromium. */
import { existsSync } from 'node:fs';

const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const loaders = ['x86_64', 'aarch64'].map(cpu => `/usr/lib/${cpu}-linux-gnu/libvulkan.so.1`);

/** Whether WebGPU can be tested here: packages `chromium` and `libvulkan1`, or a GPU of one's own. */
export const hasWebGpu =
  process.env['VK_ICD_FILENAMES'] !== undefined ||
  (existsSync(driver) && loaders.some(path => existsSync(path)));

if (hasWebGpu) process.env['VK_ICD_FILENAMES'] ??= driver;
