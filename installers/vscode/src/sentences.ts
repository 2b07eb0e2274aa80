// Every sentence the extension itself shows; what the server says comes from the server's catalogue.

export const NOT_INSTALLED = {
  text: 'Sidelight’s server is not installed on this machine, so there are no suggestions yet. Set it up now, or name a server you have in the setting “sidelight.server.path”.',
  setUp: 'Set up now',
  settings: 'Open settings',
};

export const NO_WHEEL =
  'Sidelight’s server is not installed on this machine, and this build of the extension brings none. Install it with “pipx install sidelight”, or name it in the setting “sidelight.server.path”.';

export const NO_PYTHON =
  'Sidelight’s server needs Python 3.11 or newer, and none was found. Install one, then choose “Set up now” again.';

export const SET_UP = 'Setting up Sidelight’s server';

export const setUpFailed = (step: string): string =>
  `Sidelight’s server could not be set up: ${step} failed. Suggestions stay off; the log has the details.`;

export const pathUnusable = (path: string): string =>
  `“sidelight.server.path” names ${path}, which cannot be run. Suggestions stay off until the setting is corrected or emptied.`;

export const NOT_RUNNING = {
  text: 'Sidelight’s server did not start, so there are no suggestions. The log says why.',
  label: 'Sidelight: not running',
  detail: 'The server is not running, so there are no suggestions. Click for the log and a restart.',
  showLog: 'Show log',
  restart: 'Restart',
};

export const STARTING = { label: 'Sidelight', detail: 'Sidelight is starting.' };

export const MENU_TITLE = 'Sidelight';
export const NOTHING_SENT = 'Nothing was sent from this file yet.\n';
