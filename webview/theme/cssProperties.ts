/**
 * Sets style properties of an element from a template. The page's policy allows no style
 * attributes, which lit's own `styleMap` would write first.
 */
import { noChange } from 'lit/html.js';
import { Directive, type ElementPart, directive } from 'lit/directive.js';

export type CssProperties = Readonly<Record<string, string>>;

class CssPropertiesDirective extends Directive {
  override render(_properties: CssProperties) {
    return noChange;
  }

  override update(part: ElementPart, [properties]: [CssProperties]) {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties))
      if (style.getPropertyValue(name) !== value) style.setProperty(name, value);
    return noChange;
  }
}

/** `<div ${css({ left: '12px', '--share': '0.5' })}>` */
export const css = directive(CssPropertiesDirective);
