/** The page of a view: an empty body, a script and a style sheet, and nothing else allowed. */
import { randomBytes } from 'node:crypto';

export interface PageParts {
  /** Source expression for the extension's own files. */
  cspSource: string;
  script: string;
  style: string;
  title: string;
  language: string;
}

/** A fresh page, with a nonce of its own: 192 random bits. */
export function viewHtml({ cspSource, script, style, title, language }: PageParts): string {
  const nonce = randomBytes(24).toString('base64url');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    // The hash is of nothing: the controls make empty style elements and fill them by CSSOM.
    `style-src ${cspSource} 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
    // The picture to export is drawn from a data URL.
    `img-src data:`,
    `form-action 'none'`,
    `base-uri 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="stylesheet" href="${escape(style)}">
</head>
<body>
<script type="module" nonce="${nonce}" src="${escape(script)}"></script>
</body>
</html>
`;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
