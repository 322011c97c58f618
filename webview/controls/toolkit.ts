/**
 * The controls of the views: buttons, checkboxes and text fields of the webview UI toolkit, which
 * is the only module that knows it. A successor takes its place here.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { type IconName, icon } from '../theme/icons';

/** Registers the elements; once per page, before the first render. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeTextField());
}

export interface IconButton {
  icon: IconName;
  /** Said by screen readers and shown on hover. */
  label: string;
  onClick(event: Event): void;
  isDisabled?: boolean;
  /** Of a button that stays down. */
  isPressed?: boolean;
  /** Of a button that opens a menu. */
  isExpanded?: boolean;
  id?: string;
}

export const iconButton = (button: IconButton): TemplateResult => html`
  <vscode-button
    appearance="icon"
    class="icon-button ${button.isPressed ? 'pressed' : ''}"
    id=${button.id ?? nothing}
    title=${button.label}
    aria-label=${button.label}
    aria-pressed=${button.isPressed ?? nothing}
    aria-haspopup=${button.isExpanded === undefined ? nothing : 'menu'}
    aria-expanded=${button.isExpanded ?? nothing}
    ?disabled=${button.isDisabled ?? false}
    @click=${button.onClick}
    >${icon(button.icon)}</vscode-button
  >
`;

export interface TextButton {
  label: string;
  kind?: 'primary' | 'secondary';
  icon?: IconName;
  /** Shows that it opens a menu. */
  isExpanded?: boolean;
  id?: string;
  onClick(event: Event): void;
}

export const textButton = (button: TextButton): TemplateResult => html`
  <vscode-button
    appearance=${button.kind ?? 'secondary'}
    class="text-button"
    id=${button.id ?? nothing}
    aria-haspopup=${button.isExpanded === undefined ? nothing : 'menu'}
    aria-expanded=${button.isExpanded ?? nothing}
    @click=${button.onClick}
    ><span class="content"
      >${button.icon ? icon(button.icon) : nothing}${button.label}${
        button.isExpanded === undefined ? nothing : icon('chevronDown')
      }</span
    ></vscode-button
  >
`;

export const checkbox = (
  label: string,
  isChecked: boolean,
  onChange: (isChecked: boolean) => void,
): TemplateResult => html`
  <vscode-checkbox
    .checked=${isChecked}
    @change=${(event: Event) => {
      const { checked } = event.target as HTMLInputElement;
      if (checked !== isChecked) onChange(checked);
    }}
    >${label}</vscode-checkbox
  >
`;

export const searchField = (
  label: string,
  value: string,
  onInput: (value: string) => void,
): TemplateResult => html`
  <vscode-text-field
    class="search"
    placeholder=${label}
    aria-label=${label}
    .value=${value}
    @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
  ></vscode-text-field>
`;

/** Choices of which exactly one holds: native radio buttons, which the toolkit has not. */
export function segments<Value extends string>(
  name: string,
  label: string,
  options: readonly { value: Value; label: string; title?: string }[],
  chosen: Value,
  onChange: (value: Value) => void,
): TemplateResult {
  return html`
    <fieldset class="segments" role="radiogroup" aria-label=${label}>
      ${options.map(
        option => html`
          <label title=${option.title ?? nothing}
            ><input
              type="radio"
              name=${name}
              value=${option.value}
              .checked=${option.value === chosen}
              @change=${() => onChange(option.value)}
            /><span>${option.label}</span></label
          >
        `,
      )}
    </fieldset>
  `;
}
