-- The language server as a client of this Neovim: started where a file opens, again if it dies.

local compat = require('sidelight.compat')
local config = require('sidelight.config')
local native = require('sidelight.native')
local status = require('sidelight.status')
local suggest = require('sidelight.suggest')

local M = {}

M.NAME = 'sidelight'
---The first restart is at once; the second waits so long, and each further one twice as long.
M.RESTART_AFTER_MS = 200

local MAX_RESTARTS = 5
local WITHIN_S = 180
---A server has five seconds to end by itself when it is restarted.
local RESTART_LOOK_MS, RESTART_TRIES = 50, 100

---@type number[] When the server was started again, in seconds of a clock that never jumps.
local restarts = {}
local leaving = false

---@param bufnr integer
---@return boolean
local function serves(bufnr)
  if not vim.api.nvim_buf_is_loaded(bufnr) or vim.bo[bufnr].buftype ~= '' then
    return false
  end
  local filetype, wanted = vim.bo[bufnr].filetype, config.current.filetypes
  return vim.api.nvim_buf_get_name(bufnr) ~= ''
    and filetype ~= ''
    and (not wanted or vim.tbl_contains(wanted, filetype))
end

---@param bufnr integer
---@return string folder
local function root_of(bufnr)
  -- Without a root, 0.10 starts another server for every file.
  return vim.fs.root(bufnr, config.current.root_markers)
    or vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr))
end

local function capabilities()
  local offered = vim.lsp.protocol.make_client_capabilities()
  -- 0.10 and 0.11 do not know the capability, without which the server offers a menu instead.
  offered.textDocument.inlineCompletion = { dynamicRegistration = false }
  return offered
end

local function monotonic_s()
  return vim.uv.hrtime() / 1e9
end

---Start the server again after it died, unless it keeps dying.
local function restart()
  if leaving then
    return
  end
  local now = monotonic_s()
  restarts = vim.tbl_filter(function(at)
    return now - at < WITHIN_S
  end, restarts)
  if #restarts >= MAX_RESTARTS then
    vim.notify(
      ('Sidelight ended %d times within %d minutes and stays off. :Sidelight log may say why.'):format(
        MAX_RESTARTS + 1,
        WITHIN_S / 60
      ),
      vim.log.levels.WARN
    )
    return
  end
  table.insert(restarts, now)
  local pause_ms = #restarts > 1 and M.RESTART_AFTER_MS * 2 ^ (#restarts - 2) or 0
  vim.defer_fn(M.attach_all, pause_ms)
end

---@param code integer
---@param signal integer
local function on_exit(code, signal, client_id)
  vim.schedule(function()
    local others = vim.tbl_filter(function(client)
      return client.id ~= client_id
    end, vim.lsp.get_clients({ name = M.NAME }))
    suggest.forget()
    if #others == 0 then
      status.forget()
    end
    if code ~= 0 or signal ~= 0 then
      restart()
    end
  end)
end

---Attach the server to a buffer, starting it if need be. Buffers it does not serve are left alone.
---@param bufnr integer
function M.attach(bufnr)
  if not serves(bufnr) then
    return
  end
  local program = config.current.cmd[1]
  if vim.fn.executable(program) == 0 then
    vim.notify_once(
      ('Sidelight: "%s" cannot be started. :checkhealth sidelight'):format(program),
      vim.log.levels.WARN
    )
    return
  end
  -- This plug-in waits for typing to rest by itself; waiting twice would only be slower.
  local settings =
    vim.tbl_deep_extend('keep', config.current.settings, { completions = { debounce_ms = 0 } })
  vim.lsp.start({
    name = M.NAME,
    cmd = config.current.cmd,
    cmd_env = config.current.cmd_env,
    root_dir = root_of(bufnr),
    capabilities = capabilities(),
    init_options = { sidelight = vim.tbl_extend('force', settings, { messages = true }) },
    settings = { sidelight = settings },
    handlers = status.handlers,
    on_exit = on_exit,
    on_attach = function(client, attached)
      native.enable(client.id, config.current.native)
      if attached == vim.api.nvim_get_current_buf() and vim.fn.mode() == 'i' then
        suggest.changed()
      end
    end,
  }, { bufnr = bufnr })
end

---Attach the server to every buffer that is open.
function M.attach_all()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    M.attach(bufnr)
  end
end

---End every server of ours and begin again; what is open is served by the new ones.
function M.restart()
  restarts = {}
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME })) do
    compat.call(client, 'stop')
  end
  local tries = 0
  local function again()
    tries = tries + 1
    if M.any() and tries < RESTART_TRIES then
      vim.defer_fn(again, RESTART_LOOK_MS)
    else
      M.attach_all()
    end
  end
  again()
end

---@return vim.lsp.Client|nil client The server of this file, else any of ours that runs.
function M.any()
  return vim.lsp.get_clients({ name = M.NAME, bufnr = 0 })[1]
    or vim.lsp.get_clients({ name = M.NAME })[1]
end

---Ask the server to run one of its commands.
---@param command string
---@param arguments any[]|nil
---@param done fun(result: any)|nil
---@return boolean sent False when no server is running.
function M.run(command, arguments, done)
  local client = M.any()
  if not client then
    return false
  end
  compat.call(client, 'request', 'workspace/executeCommand', {
    command = command,
    arguments = arguments,
  }, function(failed, result)
    if failed then
      vim.notify('Sidelight: ' .. (failed.message or 'the command failed'), vim.log.levels.WARN)
    elseif done then
      done(compat.plain(result))
    end
  end, 0)
  return true
end

---Attach to files as they open.
---@param group integer
function M.watch(group)
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    callback = function(event)
      M.attach(event.buf)
    end,
  })
  vim.api.nvim_create_autocmd('VimLeavePre', {
    group = group,
    callback = function()
      leaving = true
    end,
  })
  M.attach_all()
end

return M
