/** The extension's output channel, for what is of use only when something went wrong. */
import * as vscode from 'vscode';

export const log = vscode.window.createOutputChannel('Weightroom', { log: true });
