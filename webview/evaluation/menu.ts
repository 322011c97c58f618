/** Which menu of the view is open. */
import { type TemplateResult, nothing } from 'lit/html.js';
import { type MenuItem, menuView } from '../controls/menu';
import type { EvaluationApp } from './evaluationApp';
import type { MenuName } from './viewState';

export const toggleMenu = (app: EvaluationApp, name: MenuName): void =>
  app.set({ menu: app.state.menu === name ? null : name });

/** The menu while it is open. */
export const menuOf = (
  app: EvaluationApp,
  name: MenuName,
  label: string,
  items: () => readonly MenuItem[],
): TemplateResult | typeof nothing =>
  app.state.menu === name
    ? menuView({ label, items: items(), checks: 'any', close: () => app.set({ menu: null }) })
    : nothing;
