/**
 * Runs in the page before its own script, bundled by the lab: what VS Code gives to a webview, with
 * messages as text in which buffers are base64.
 */
export interface PlayedEditor {
  /** Where messages go, instead of through the browser's debugger. */
  channel?: string | undefined;
  bodyClass: string;
  colours: Readonly<Record<string, string>>;
  /** State that the view kept. */
  memory: unknown;
}

/** What the lab may call in the page. */
export interface PageSide {
  deliver(text: string): void;
  setTheme(theme: Omit<PlayedEditor, 'memory'>): void;
  /** Settles when every request has its reply and is drawn, and so many messages came by the channel. */
  settle(delivered?: number): Promise<void>;
  /** Milliseconds from pressing a key to the frame in which all of its answers are drawn. */
  timed(key: string): Promise<number>;
}

declare global {
  interface Window {
    wrEditor: PlayedEditor;
    wrPost(text: string): Promise<void>;
    wrPage: PageSide;
    acquireVsCodeApi: unknown;
  }
}

const stored = sessionStorage.getItem('state');
let kept: unknown = stored === null ? window.wrEditor.memory : JSON.parse(stored);
let pending = 0;
let delivered = 0;

const setColours = (colours: PlayedEditor['colours']): void => {
  for (const [name, value] of Object.entries(colours))
    document.documentElement.style.setProperty(`--vscode-${name}`, value);
};

/** Timers of the view that are soon over, as when it waits until an eye rests on something. */
const SOON_MS = 100;
const timers = new Set<number>();
const { setTimeout: startTimer, clearTimeout: endTimer } = window;
window.setTimeout = ((run: () => void, ms = 0) => {
  const timer = startTimer(() => {
    timers.delete(timer);
    run();
  }, ms);
  if (ms <= SOON_MS) timers.add(timer);
  return timer;
}) as typeof setTimeout;
window.clearTimeout = ((timer?: number) => {
  if (timer !== undefined) timers.delete(timer);
  endTimer(timer);
}) as typeof clearTimeout;

const frame = () => new Promise(resolve => requestAnimationFrame(resolve));

window.acquireVsCodeApi = () => ({
  postMessage(message: unknown) {
    pending++;
    void window.wrPost(JSON.stringify(message, encode));
  },
  getState: () => kept,
  setState(state: unknown) {
    kept = state;
    sessionStorage.setItem('state', JSON.stringify(state));
  },
});

window.wrPage = {
  deliver(text) {
    // A task each, as in VS Code: what follows from one is done before the next.
    window.postMessage(JSON.parse(text, decode), '*');
  },
  setTheme({ bodyClass, colours }) {
    const { style } = document.documentElement;
    for (const name of [...style])
      if (name.startsWith('--vscode-') && !name.includes('font')) style.removeProperty(name);
    setColours(colours);
    document.body.className = bodyClass;
  },
  async timed(key) {
    const began = performance.now();
    window.dispatchEvent(new KeyboardEvent('keydown', { key }));
    while (pending > 0) await new Promise(resolve => setTimeout(resolve));
    await frame();
    return performance.now() - began;
  },
  async settle(expected = 0) {
    for (let calm = 0; calm < 4; calm++) {
      await frame();
      if (pending > 0 || timers.size > 0 || delivered < expected) calm = -1;
    }
  },
};

window.addEventListener('message', ({ data }: MessageEvent<{ type: string }>) => {
  delivered++;
  if (data.type === 'reply') pending--;
});

if (window.wrEditor.channel) playChannel(window.wrEditor.channel);

// Parsed, but the page's own script has not run.
document.addEventListener(
  'readystatechange',
  () => {
    document.body.className = window.wrEditor.bodyClass;
    setColours({
      'font-family': 'Inter, system-ui, sans-serif',
      'font-size': '13px',
      'editor-font-family': "'DejaVu Sans Mono', monospace",
      ...window.wrEditor.colours,
    });
  },
  { once: true },
);

function playChannel(address: string): void {
  const channel = new WebSocket(address);
  const opened = new Promise(resolve => (channel.onopen = resolve));
  channel.onmessage = ({ data }: MessageEvent<string>) => window.wrPage.deliver(data);
  window.wrPost = async text => {
    await opened;
    channel.send(text);
  };
}

function decode(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('base64:')) return value;
  const text = atob(value.slice(7));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

function encode(_: string, value: unknown): unknown {
  if (!(value instanceof ArrayBuffer)) return value;
  let text = '';
  for (const byte of new Uint8Array(value)) text += String.fromCharCode(byte);
  return `base64:${btoa(text)}`;
}
