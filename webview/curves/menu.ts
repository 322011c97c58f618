/** Which menu of the curves is open. */
import { type TemplateResult, nothing } from 'lit/html.js';
import { type MenuItem, menuView } from '../controls/menu';
import type { CurvesApp } from './curvesApp';
import type { MenuName } from './viewState';

/** The menu while it is open. */
export const menuOf = (
  app: CurvesApp,
  name: MenuName,
  label: string,
  items: () => readonly MenuItem[],
): TemplateResult | typeof nothing =>
  app.state.menu === name
    ? menuView({ label, items: items(), checks: 'any', close: () => app.set({ menu: null }) })
    : nothing;
