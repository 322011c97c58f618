/**
 * After a reload the tab of a panel is there before the panel: VS Code restores that when its tab is
 * first looked at. Knows nothing of what the panel shows.
 */
import * as vscode from 'vscode';

/** Restoring takes a moment; without an end, a tab that does not come would block for good. */
const PATIENCE_MS = 30_000;

const groupOrder = ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth'];

/**
 * Shows the tab that a former window left, if there is one, and waits until its panel is restored;
 * closes it when it is not.
 * @param restored fires when a panel was taken over
 */
export async function wakeRestored(viewType: string, restored: vscode.Event<void>): Promise<void> {
  const tab = restoredTab(viewType);
  if (!tab) return;
  const isAwake = firesWithin(restored, PATIENCE_MS);
  const { group } = tab;
  const order = groupOrder[group.viewColumn - 1];
  if (!group.isActive && order !== undefined)
    await vscode.commands.executeCommand(`workbench.action.focus${order}EditorGroup`);
  await vscode.commands.executeCommand(
    'workbench.action.openEditorAtIndex',
    group.tabs.indexOf(tab),
  );
  if (await isAwake) return;
  const left = restoredTab(viewType);
  if (left) await vscode.window.tabGroups.close(left);
}

/** VS Code puts a prefix of its own before the type. */
const restoredTab = (viewType: string): vscode.Tab | undefined =>
  vscode.window.tabGroups.all
    .flatMap(group => group.tabs)
    .find(
      ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(viewType),
    );

function firesWithin(event: vscode.Event<void>, milliseconds: number): Promise<boolean> {
  return new Promise(resolve => {
    const settle = (fired: boolean) => {
      clearTimeout(timer);
      subscription.dispose();
      resolve(fired);
    };
    const timer = setTimeout(() => settle(false), milliseconds);
    const subscription = event(() => settle(true));
  });
}
