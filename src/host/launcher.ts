/**
 * The only door through which the extension starts processes. Refuses in Restricted Mode whoever
 * asks; never goes through a shell. Knows nothing of what the processes do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { processEnvironment } from '../engine/processEnvironment';
import { startRun } from '../engine/run/startRun';
import { forkEngine } from './forkEngine';
import { requireTrust } from './trust';

export interface Launcher {
  /**
   * Starts the detached process of a run.
   * @returns its pid
   * @throws `host.untrusted`
   */
  startRun(runDir: string, options?: { resume?: boolean }): number;
  /**
   * The command line as a task runs it.
   * @throws `host.untrusted`
   */
  commandLine(args: string[], cwd: string): vscode.ProcessExecution;
  /**
   * The engine process: ends with this one.
   * @throws `host.untrusted`
   */
  forkEngine(): ChildProcess;
  /**
   * A command of `hub` as a process of its own: ends when it is done. `env` is given to it besides
   * what all processes get.
   * @throws `host.untrusted`
   */
  startHub(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess;
  /**
   * The command line as a process of this window: says what it does on its standard output.
   * @throws `host.untrusted`
   */
  startCommand(args: readonly string[], cwd: string): ChildProcess;
}

export function createLauncher(context: vscode.ExtensionContext): Launcher {
  const cliPath = context.asAbsolutePath('dist/cli.cjs');
  const enginePath = context.asAbsolutePath('dist/engine.cjs');
  return {
    startRun(runDir, { resume = false } = {}) {
      requireTrust();
      return startRun({ nodePath: nodePath(), cliPath, runDir, resume });
    },
    commandLine(args, cwd) {
      requireTrust();
      const env = { ELECTRON_RUN_AS_NODE: '1' };
      return new vscode.ProcessExecution(nodePath(), [cliPath, ...args], { cwd, env });
    },
    forkEngine() {
      requireTrust();
      return forkEngine(enginePath, nodePath());
    },
    startHub(args, env) {
      requireTrust();
      return spawn(nodePath(), [cliPath, 'hub', ...args], {
        env: { ...processEnvironment(process.env), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
    },
    startCommand(args, cwd) {
      requireTrust();
      return spawn(nodePath(), [cliPath, ...args], {
        cwd,
        env: processEnvironment(process.env),
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
    },
  };
}

/** The host's own binary unless the user names another; of machine scope, so no folder can. */
function nodePath(): string {
  const chosen = vscode.workspace.getConfiguration('weightroom').get<string>('nodePath', '').trim();
  return chosen === '' ? process.execPath : chosen;
}
