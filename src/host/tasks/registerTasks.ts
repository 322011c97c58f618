/** The tasks feature. */
import * as vscode from 'vscode';
import type { ConfigFiles } from '../configFiles';
import { TASK_TYPE } from '../configTask';
import type { Launcher } from '../launcher';
import { TaskProvider } from './taskProvider';

export const registerTasks = (configs: ConfigFiles, launcher: Launcher): vscode.Disposable =>
  vscode.tasks.registerTaskProvider(TASK_TYPE, new TaskProvider(configs, launcher));
