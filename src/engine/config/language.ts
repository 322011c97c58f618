/** All that an editor needs for a config, as pure functions of its text and an offset. */
export { completionsAt } from './completion';
export type { Completion, Completions } from './completion';
export { documentLinks, lensesOf } from './editorPlaces';
export type { Lens, PathLink } from './editorPlaces';
export { configJsonSchema } from './fields';
export { hoverAt } from './hover';
export type { Hover } from './hover';
export { quickFixes } from './quickFix';
export type { QuickFix } from './quickFix';
export type { TextEdit } from './textEdits';
