/**
 * Where the hub is and who the user is there. A token is kept in the editor's secret storage under
 * the host it is for, so that another endpoint never gets it. Sends nothing but the question whose
 * token it is.
 */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import {
  checkToken,
  type HubSettings,
  hubSettings,
  parseEndpoint,
} from '../../engine/hub/hubSettings';
import { ProblemError } from '../../engine/problem';

const ENDPOINT_SETTING = 'hub.endpoint';

export class HubAccount implements vscode.Disposable {
  readonly #subscriptions: vscode.Disposable;

  constructor(private readonly secrets: vscode.SecretStorage) {
    const tell = () => void this.#tellWindow();
    this.#subscriptions = vscode.Disposable.from(
      secrets.onDidChange(tell),
      vscode.workspace.onDidChangeConfiguration(change => {
        if (change.affectsConfiguration(`weightroom.${ENDPOINT_SETTING}`)) tell();
      }),
    );
    tell();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /**
   * The environment's settings, with the endpoint and token of this editor where it has them.
   * @throws `hub.bad-endpoint`, `hub.bad-token`
   */
  async settings(): Promise<HubSettings> {
    const { token: outside, ...environment } = hubSettings(process.env);
    const endpoint = chosenEndpoint() ?? environment.endpoint;
    const own = await this.secrets.get(keyOf(endpoint));
    // a token of the environment is for the hub of the environment
    const token = own ?? (endpoint.origin === environment.endpoint.origin ? outside : undefined);
    return { ...environment, endpoint, ...(token !== undefined && { token }) };
  }

  /** Asks for a token, and keeps it if the hub knows it. @returns whether it does */
  async signIn(): Promise<boolean> {
    const settings = await this.settings();
    const { host } = settings.endpoint;
    const typed = await vscode.window.showInputBox({
      title: l10n.t('Sign in to {0}', host),
      prompt: l10n.t(
        'An access token from the settings of your account there. It is kept in the secret storage of this editor and sent to {0} only.',
        host,
      ),
      placeHolder: 'hf_…',
      password: true,
      ignoreFocusOut: true,
      validateInput: complaint,
    });
    const token = typed?.trim();
    if (!token) return false;
    const { HubClient, whoAmI } = await import('./hubAccess');
    const name = await whoAmI(new HubClient({ ...settings, token }));
    await this.secrets.store(keyOf(settings.endpoint), token);
    void vscode.window.showInformationMessage(l10n.t('Signed in to {0} as {1}.', host, name));
    return true;
  }

  /** Forgets the token of the present hub. */
  async signOut(): Promise<void> {
    const { endpoint } = await this.settings();
    await this.secrets.delete(keyOf(endpoint));
    const { token } = await this.settings();
    const { host } = endpoint;
    void vscode.window.showInformationMessage(
      token === undefined
        ? l10n.t('Signed out of {0}.', host)
        : l10n.t(
            'Signed out of {0} here. The token of the environment (HF_TOKEN or “hf auth login”) is used again.',
            host,
          ),
    );
  }

  /** For menus: whether there is a token of this editor to forget. */
  async #tellWindow(): Promise<void> {
    try {
      const endpoint = chosenEndpoint() ?? hubSettings(process.env).endpoint;
      const isSignedIn = (await this.secrets.get(keyOf(endpoint))) !== undefined;
      await vscode.commands.executeCommand('setContext', 'weightroom.isSignedIn', isSignedIn);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error; // told when the hub is used
    }
  }
}

const keyOf = ({ origin }: URL): string => `hub.token:${origin}`;

/** Of machine scope, so that no folder can say where tokens go. @throws `hub.bad-endpoint` */
function chosenEndpoint(): URL | undefined {
  const chosen = vscode.workspace.getConfiguration('weightroom').get(ENDPOINT_SETTING, '').trim();
  return chosen === '' ? undefined : parseEndpoint(chosen);
}

function complaint(typed: string): string | undefined {
  try {
    checkToken(typed.trim(), l10n.t('This'));
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return l10n.t('This is no access token.');
    throw error;
  }
}
