/** The editors of files of tensors: by default for types that nobody else shows, else on demand. */
import * as vscode from 'vscode';
import { TensorsEditorProvider } from './tensorsEditor';

/** As in package.json; the second is for types that are other things, too. */
const VIEW_TYPES = ['weightroom.tensors', 'weightroom.tensorsOnDemand'];

export function registerTensors(context: vscode.ExtensionContext): vscode.Disposable {
  const provider = new TensorsEditorProvider(context.extensionUri);
  return vscode.Disposable.from(
    ...VIEW_TYPES.map(type =>
      vscode.window.registerCustomEditorProvider(type, provider, {
        supportsMultipleEditorsPerDocument: true,
      }),
    ),
  );
}
