/** Tokens that keep coming, in one growing array. */
import type { TokenDtype } from './binSidecar';
import type { Tokens } from './tokenBin';

export class TokenBuffer {
  private tokens: Tokens;
  private used = 0;

  constructor(private readonly dtype: TokenDtype) {
    this.tokens = this.allocate(1 << 16);
  }

  append(ids: readonly number[]): void {
    const needed = this.used + ids.length;
    if (needed > this.tokens.length) {
      const grown = this.allocate(Math.max(needed, 2 * this.tokens.length));
      grown.set(this.tokens.subarray(0, this.used));
      this.tokens = grown;
    }
    this.tokens.set(ids, this.used);
    this.used = needed;
  }

  /** A view of all tokens so far. */
  all(): Tokens {
    return this.tokens.subarray(0, this.used);
  }

  private allocate(length: number): Tokens {
    return this.dtype === 'uint16' ? new Uint16Array(length) : new Uint32Array(length);
  }
}
