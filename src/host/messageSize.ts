/** How much a view may send at once. */

const MAX_BYTES = 1 << 20;

/** Whether a message has more text and buffers than a view has reason to send. */
export const isTooBig = (message: unknown): boolean => sizeOf(message, MAX_BYTES) > MAX_BYTES;

/** Bytes of the text and buffers in `value`, roughly; stops counting above `limit`. */
function sizeOf(value: unknown, limit: number): number {
  let bytes = 0;
  const pending: unknown[] = [value];
  while (pending.length > 0 && bytes <= limit) {
    const next = pending.pop();
    bytes += 8;
    if (typeof next === 'string') bytes += next.length;
    else if (next instanceof ArrayBuffer || ArrayBuffer.isView(next)) bytes += next.byteLength;
    else if (typeof next === 'object' && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        bytes += key.length;
        pending.push(member);
        if (pending.length > limit) return limit + 1;
      }
    }
  }
  return bytes;
}
