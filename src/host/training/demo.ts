/** The demo in a workspace: a folder with the example's config and seeded data. Overwrites nothing. */
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { disk } from '../../engine/files/fileSystem';
import { requireDisk } from '../trust';
import { chooseFolder, exists } from './newConfig';

/**
 * @param examplePath the config that the extension brings along
 * @returns the config in the workspace; undefined when the user chose no folder
 */
export async function makeDemo(examplePath: string): Promise<vscode.Uri | undefined> {
  const workspaceFolder = await chooseFolder();
  if (!workspaceFolder) return undefined;
  const folder = await demoFolderIn(workspaceFolder);
  const config = vscode.Uri.joinPath(folder, 'demo.yaml');
  if (!(await exists(config))) {
    await vscode.workspace.fs.writeFile(config, readFileSync(examplePath));
  }
  const data = vscode.Uri.joinPath(folder, 'data');
  if (!(await exists(vscode.Uri.joinPath(data, 'train.jsonl')))) {
    await vscode.workspace.fs.createDirectory(data);
    const { DEMO_SIZES, writeDemo } = await import('../../engine/data/demoProblems');
    writeDemo(disk, requireDisk(data), DEMO_SIZES);
  }
  await vscode.window.showTextDocument(config);
  return config;
}

/** The workspace itself where it is the demo, else a folder that gets in nobody's way. */
async function demoFolderIn(workspaceFolder: vscode.Uri): Promise<vscode.Uri> {
  const isDemo = await exists(vscode.Uri.joinPath(workspaceFolder, 'demo.yaml'));
  return isDemo ? workspaceFolder : vscode.Uri.joinPath(workspaceFolder, 'demo');
}
