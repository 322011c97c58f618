/**
 * How continuations are computed; all give the same text. `kv` keeps keys and values of what was
 * read, `nocache` reads everything again, `batch` too, padded on the left.
 */
export const backendNames = ['kv', 'nocache', 'batch'] as const;
export type BackendName = (typeof backendNames)[number];
