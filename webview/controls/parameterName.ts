/** A parameter's name as a place in the model: which layer, which module. Knows nothing of models. */

export interface ModelPlace {
  /** Undefined outside of layers. */
  readonly layer: number | undefined;
  /** "self_attn.q_proj", with what is not a weight at its end: "attn.qkv.bias". */
  readonly module: string;
}

export function modelPlaceOf(name: string): ModelPlace {
  const segments = name.replace(/([A-Za-z]_block)_(\d+)/g, '$1.$2').split(/[./]/);
  const at = segments.findIndex((segment, i) => i > 0 && /^\d+$/.test(segment));
  const tail = at < 0 ? segments : segments.slice(at + 1);
  // experts and the like are many of one kind
  const kinds = tail.map(segment => (/^\d+$/.test(segment) ? '*' : segment));
  if (kinds.length > 1 && /^(weight|gamma)$/.test(kinds.at(-1)!)) kinds.pop();
  const layer = at < 0 ? undefined : Number(segments[at]);
  const module = (at < 0 ? withoutWrappers(kinds) : kinds).join('.');
  return { layer, module };
}

const withoutWrappers = (segments: readonly string[]): readonly string[] =>
  segments.length > 1 && /^(model|transformer|llama|Llama|NanoGPT)$/.test(segments[0]!)
    ? segments.slice(1)
    : segments;

/** As short as it can be said beside the map: "q proj", "input norm". */
export const moduleLabel = (module: string): string =>
  module
    .replace(/^(self_attn|attn|attention|mlp)\./, '')
    .replace('post_attention_layernorm', 'post norm')
    .replace('input_layernorm', 'input norm')
    .replace('embed_tokens', 'embed')
    .replaceAll('_', ' ');
