-- `:checkhealth sidelight`: what stands between you and a suggestion, in the order of the causes.

local client = require('sidelight.client')
local config = require('sidelight.config')
local native = require('sidelight.native')
local status = require('sidelight.status')

local M = {}

local ANSWER_WITHIN_MS = 5000

local function check_program()
  local program = config.current.cmd[1]
  if vim.fn.executable(program) == 0 then
    vim.health.error(('"%s" cannot be started'):format(program), {
      'Install Sidelight, or give its whole path: setup({ cmd = { "/path/to/sidelight", "lsp" } })',
    })
    return
  end
  vim.health.ok(('the server is "%s"'):format(vim.fn.exepath(program)))
  if not vim.endswith(vim.fn.fnamemodify(program, ':t:r'), 'sidelight') then
    return
  end
  local started, process = pcall(vim.system, { program, '--version' }, { text = true })
  local answer = started and process:wait(ANSWER_WITHIN_MS)
  if answer and answer.code == 0 then
    vim.health.ok('its version is ' .. vim.trim(answer.stdout))
  else
    vim.health.error('it does not answer --version', { 'Run it in a terminal to see why.' })
  end
end

local function check_session()
  local running = client.any()
  if not running then
    vim.health.warn('no server is running', { 'Open a file that has a file type.' })
    return
  end
  vim.health.ok(('a server is running for %d buffer(s)'):format(
    vim.tbl_count(running.attached_buffers)
  ))
  if running.server_capabilities.inlineCompletionProvider then
    vim.health.ok('it offers inline completion, in ' .. running.offset_encoding)
  else
    vim.health.error('it offers no inline completion', { 'Is "cmd" really Sidelight?' })
  end
  for _, line in ipairs(status.lines()) do
    vim.health.info(line)
  end
end

local function check_ghost()
  if not config.current.native then
    vim.health.ok('this plugin draws the ghost')
  elseif native.exists() then
    vim.health.info('Neovim draws the ghost; while you type it is behind by 200 ms')
  else
    vim.health.warn('native = true needs Neovim 0.12, so this plugin draws the ghost', {
      'Leave "native" out, or update Neovim.',
    })
  end
end

local function check_keys()
  local key = config.current.keys.accept
  if not key then
    vim.health.info('no key accepts suggestions; map require("sidelight").accept() to one')
    return
  end
  local map = vim.fn.maparg(key, 'i', false, true)
  if vim.startswith(map.desc or '', 'Sidelight: ') then
    vim.health.ok(key .. ' accepts a suggestion')
  else
    vim.health.warn(key .. ' was mapped to something else after setup()', {
      'Call setup() later, or choose another key: setup({ keys = { accept = "<C-l>" } })',
    })
  end
end

---Called by `:checkhealth sidelight`.
function M.check()
  vim.health.start('sidelight')
  if vim.fn.has('nvim-0.10') == 0 then
    vim.health.error('Neovim is older than 0.10', { 'Update Neovim.' })
    return
  end
  vim.health.ok('Neovim is ' .. tostring(vim.version()))
  if not require('sidelight').is_set_up() then
    vim.health.error('setup() was not called', { 'require("sidelight").setup()' })
    return
  end
  check_program()
  check_session()
  check_ghost()
  check_keys()
end

return M
