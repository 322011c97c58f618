/** The Python interpreter that the user chose for devices that are asked through it. */
import * as vscode from 'vscode';

export const chosenPython = (): string | undefined =>
  vscode.workspace.getConfiguration('weightroom').get('devices.python', '').trim() || undefined;
