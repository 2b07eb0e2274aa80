// Every sentence the extension itself shows; what the server says comes from the server's catalogue.

export const NOT_INSTALLED = {
  text: 'Sidelight’s server is not installed on this machine, so there are no suggestions yet. Set it up now, or name a server you have in the setting “sidelight.server.path”.',
  label: 'Sidelight: not installed',
  detail: 'Sidelight’s server is not installed on this machine, so there are no suggestions. Click to set it up.',
  setUp: 'Set up now',
  settings: 'Open settings',
};

export const NO_WHEEL =
  'Sidelight’s server is not installed on this machine, and this build of the extension brings none. Install Sidelight, as the extension’s page says, and choose “Restart”, or name a server you have in the setting “sidelight.server.path”.';

export const NO_PYTHON =
  'Sidelight’s server needs Python 3.11 or newer, and none was found. Install one, then choose “Set up now” again.';

export const SET_UP = 'Setting up Sidelight’s server';

export const setUpFailed = (step: string): string =>
  `Sidelight’s server could not be set up: ${step} failed. Suggestions stay off; the log has the details.`;

export const pathUnusable = (path: string): string =>
  `“sidelight.server.path” names ${path}, which cannot be run. Suggestions stay off until the setting is corrected or emptied.`;

export const NOT_RUNNING = {
  text: 'Sidelight’s server did not start, so there are no suggestions. The log says why.',
  ended: 'Sidelight’s server is not running, so there are no suggestions and nothing to tell. The log says why it ended.',
  label: 'Sidelight: not running',
  detail: 'The server is not running, so there are no suggestions. Click for the log and a restart.',
  showLog: 'Show log',
  restart: 'Restart',
};

export const STARTING = {
  label: '$(loading~spin) Sidelight',
  detail: 'Sidelight is starting.',
  wait: 'Sidelight is still starting. Ask again in a moment.',
};

export const MENU_TITLE = 'Sidelight';
export const NOTHING_TO_EXPLAIN = 'No file is open, and no request has come back empty yet, so there is nothing to explain. Open a file and ask there.';
export const NOTHING_SENT = 'Nothing was sent from this file yet.\n';
