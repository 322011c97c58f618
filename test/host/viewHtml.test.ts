import { describe, expect, it } from 'vitest';
import { viewHtml } from '../../src/host/viewHtml';

const parts = {
  cspSource: 'https://file+.vscode-resource.vscode-cdn.net',
  script: 'https://file+.vscode-resource.vscode-cdn.net/x/dist/webview/curves.js',
  style: 'https://file+.vscode-resource.vscode-cdn.net/x/dist/webview/curves.css',
  title: 'Loss curves',
  language: 'en',
};

/** Directive → sources. */
function policyOf(html: string): Map<string, string> {
  const [, content = ''] =
    /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  return new Map(
    content.split('; ').map(directive => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources.join(' ')];
    }),
  );
}

const nonceOf = (html: string) => /script-src 'nonce-([^']+)'/.exec(html)?.[1] ?? '';

describe('the page of the view', () => {
  const policy = policyOf(viewHtml(parts));

  it.each([
    ['default-src', "'none'"],
    ['form-action', "'none'"],
    ['base-uri', "'none'"],
    ['img-src', 'data:'],
  ])('allows with %s only %s', (directive, sources) => {
    expect(policy.get(directive)).toBe(sources);
  });

  it('runs one script, by its nonce', () => {
    const html = viewHtml(parts);
    expect(policyOf(html).get('script-src')).toBe(`'nonce-${nonceOf(html)}'`);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain(`nonce="${nonceOf(html)}"`);
  });

  it('asks no server and evaluates nothing', () => {
    expect(policy.has('connect-src')).toBe(false);
    expect([...policy.values()].join(' ')).not.toMatch(/unsafe-|\*|https?:(?!\/\/file)/);
  });

  it('has a fresh nonce of at least 128 bits each time', () => {
    const nonces = Array.from({ length: 10_000 }, () => nonceOf(viewHtml(parts)));
    expect(new Set(nonces).size).toBe(10_000);
    expect(Buffer.from(nonces[0]!, 'base64url').length).toBeGreaterThanOrEqual(16);
  });

  it('keeps a hostile title out of the markup', () => {
    const html = viewHtml({ ...parts, title: '</title><script>alert(1)</script>' });
    expect(html.match(/<script/g)).toHaveLength(1);
  });
});
