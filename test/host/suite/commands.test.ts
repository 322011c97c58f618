import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { CommandId } from '../../../src/host/commands';
import { activate, extension } from './scene';

interface Manifest {
  contributes: {
    commands: { command: string; category?: string; title: string }[];
    menus: Record<string, { command: string; when?: string }[]>;
  };
}

/** The compiler keeps this the table of `commands.ts`. */
const declared: Record<CommandId, true> = {
  'weightroom.adapter.inspect': true,
  'weightroom.agent.ask': true,
  'weightroom.agent.openTrace': true,
  'weightroom.cacheStudy.open': true,
  'weightroom.cacheStudy.run': true,
  'weightroom.config.evaluate': true,
  'weightroom.config.new': true,
  'weightroom.config.plan': true,
  'weightroom.config.train': true,
  'weightroom.curves.open': true,
  'weightroom.data.goToPage': true,
  'weightroom.data.openAsText': true,
  'weightroom.data.prepare': true,
  'weightroom.data.previewLabels': true,
  'weightroom.data.refresh': true,
  'weightroom.demo.train': true,
  'weightroom.device.checkLoad': true,
  'weightroom.devices.refresh': true,
  'weightroom.memory.explain': true,
  'weightroom.memory.plan': true,
  'weightroom.evaluation.compare': true,
  'weightroom.evaluation.open': true,
  'weightroom.evaluation.resume': true,
  'weightroom.evaluation.stop': true,
  'weightroom.diff.open': true,
  'weightroom.hub.download': true,
  'weightroom.hub.resume': true,
  'weightroom.hub.push': true,
  'weightroom.hub.signIn': true,
  'weightroom.hub.signOut': true,
  'weightroom.model.copyPath': true,
  'weightroom.model.delete': true,
  'weightroom.model.fineTune': true,
  'weightroom.model.merge': true,
  'weightroom.model.openWeights': true,
  'weightroom.model.reveal': true,
  'weightroom.model.showReport': true,
  'weightroom.models.refresh': true,
  'weightroom.run.checkpoint': true,
  'weightroom.run.compareConfigs': true,
  'weightroom.run.copyId': true,
  'weightroom.run.delete': true,
  'weightroom.run.duplicateConfig': true,
  'weightroom.run.openConfig': true,
  'weightroom.run.openLog': true,
  'weightroom.run.resume': true,
  'weightroom.run.reveal': true,
  'weightroom.run.showActions': true,
  'weightroom.run.stop': true,
  'weightroom.run.stopKeepBest': true,
  'weightroom.runs.open': true,
  'weightroom.runs.refresh': true,
  'weightroom.sandbox.compare': true,
  'weightroom.sandbox.open': true,
  'weightroom.trust.manage': true,
};

const isOwn = (id: string) => /^weightroom\.[a-zA-Z]+\.[a-zA-Z]+$/.test(id);
/** VS Code adds commands of its own to every view and container. */
const isOfViews = (id: string) =>
  /^weightroom\.(runs|data|models|devices)\.(focus|open|resetViewLocation|removeView|toggleVisibility)$/.test(
    id,
  ) && !(id in declared);

describe('commands', () => {
  const { commands, menus } = (extension().packageJSON as Manifest).contributes;
  const ids = Object.keys(declared).sort();

  before(activate);

  it('that are contributed are those that are declared', () => {
    assert.deepEqual(commands.map(({ command }) => command).sort(), ids);
  });

  it('that are declared are registered', async () => {
    const registered = (await vscode.commands.getCommands(true)).filter(isOwn);
    assert.deepEqual(registered.filter(id => !isOfViews(id)).sort(), ids);
  });

  it('have a category, a translated title and a rule for the palette', () => {
    const ruled = new Set(menus['commandPalette']?.map(({ command }) => command));
    for (const { command, category, title } of commands) {
      assert.equal(category, 'Weightroom', command);
      assert.doesNotMatch(title, /^%/, command);
      assert(ruled.has(command), `${command} is in the palette always`);
    }
  });

  it('in menus are commands', () => {
    const all = Object.values(menus).flat();
    assert.deepEqual(
      all.filter(({ command }) => !(command in declared)),
      [],
    );
  });
});
