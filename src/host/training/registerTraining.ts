/** The training feature: new configs, starting runs, the demo. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseConfig } from '../chooseConfig';
import { register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import type { Launcher } from '../launcher';
import type { RunStore } from '../runs/runStore';
import { requireTrust } from '../trust';
import { makeDemo } from './demo';
import { fineTune } from './fineTune';
import { newConfig } from './newConfig';
import { startTraining } from './startTraining';

export function registerTraining(
  context: vscode.ExtensionContext,
  runs: RunStore,
  configs: ConfigFiles,
  launcher: Launcher,
): vscode.Disposable {
  return vscode.Disposable.from(
    register('weightroom.config.new', newConfig),
    register('weightroom.model.fineTune', fineTune),
    register('weightroom.config.train', async target => {
      requireTrust();
      const config = await chooseConfig(configs, target, l10n.t('Train which config?'));
      return config && startTraining(config, runs, launcher);
    }),
    register('weightroom.demo.train', async () => {
      requireTrust();
      const config = await makeDemo(context.asAbsolutePath('examples/demo.yaml'));
      return config && startTraining(config, runs, launcher);
    }),
  );
}
