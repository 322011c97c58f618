/**
 * Where words go: lines that stay, and on a real terminal one line at the bottom that is redrawn.
 * Knows nothing of what is said.
 */

export interface Terminal {
  /** 0 when it is not a screen. */
  readonly columns: number;
  readonly print: (line: string) => void;
  /** Shows `line` until the next `print` or `status`; the empty line removes it. */
  readonly status: (line: string) => void;
}

const CLEAR_LINE = '\r\x1b[2K';

export function openTerminal(stream: NodeJS.WriteStream): Terminal {
  let shown = '';
  const erase = () => (shown === '' ? '' : CLEAR_LINE);
  return {
    get columns() {
      return stream.isTTY ? stream.columns || 80 : 0;
    },
    print(line) {
      stream.write(`${erase()}${line}\n${shown}`);
    },
    status(line) {
      if (!stream.isTTY || line === shown) return;
      stream.write(`${erase()}${line}`);
      shown = line;
    },
  };
}

/** Text from elsewhere without what would steer a terminal: control characters but line ends and tabs. */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
