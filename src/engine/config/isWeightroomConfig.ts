/** Tells a config from other YAML without parsing it: cheap enough to ask of every file. */

/** Whether a YAML file is meant for Weightroom: its first key is `weightroom`. Any text will do. */
export function isWeightroomConfig(text: string): boolean {
  for (const line of text.replace(/^\uFEFF/, '').split('\n', 1000)) {
    const isBlank = /^\s*([#%].*|---\s*)?$/.test(line);
    if (!isBlank) return /^\s*\{?\s*["']?weightroom["']?\s*:/.test(line);
  }
  return false;
}
