/** Which menu of the sandbox is open. */
import { type TemplateResult, nothing } from 'lit/html.js';
import { type MenuItem, menuView } from '../controls/menu';
import type { SandboxApp } from './sandboxApp';
import type { MenuName } from './viewState';

export const toggleMenu = (app: SandboxApp, name: MenuName): void =>
  app.set({ menu: app.state.menu === name ? null : name, spot: null });

/** The menu while it is open. */
export const menuOf = (
  app: SandboxApp,
  name: MenuName,
  label: string,
  items: () => readonly MenuItem[],
): TemplateResult | typeof nothing =>
  app.state.menu === name
    ? menuView({ label, items: items(), checks: 'one', close: () => app.set({ menu: null }) })
    : nothing;
