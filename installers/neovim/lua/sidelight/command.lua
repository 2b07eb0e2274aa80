-- `:Sidelight`: the state, the sign-in, pausing, and why a suggestion came or did not.

local client = require('sidelight.client')
local status = require('sidelight.status')

local M = {}

local DEFAULT_PAUSE_MIN = 30

local function say(lines)
  vim.api.nvim_echo({ { table.concat(lines, '\n') } }, false, {})
end

---@param command string
---@param arguments any[]|nil
---@param done fun(result: any)|nil
local function send(command, arguments, done)
  if not client.run(command, arguments, done) then
    vim.notify('Sidelight is not running: open a file first.', vim.log.levels.WARN)
  end
end

---@param name string
---@param content string
local function show(name, content)
  vim.cmd.new()
  local bufnr = vim.api.nvim_get_current_buf()
  vim.bo[bufnr].buftype, vim.bo[bufnr].bufhidden, vim.bo[bufnr].swapfile = 'nofile', 'wipe', false
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, vim.split(content, '\r?\n'))
  vim.bo[bufnr].modifiable = false
  vim.b[bufnr].sidelight = name
end

---@type table<string, fun(argument: string|nil)>
local commands = {
  status = function()
    say(status.lines())
  end,
  pause = function(minutes)
    local wanted = tonumber(minutes or DEFAULT_PAUSE_MIN)
    if not wanted or wanted < 1 or wanted % 1 ~= 0 then
      vim.notify('Sidelight: pause takes a number of minutes, such as 30.', vim.log.levels.WARN)
      return
    end
    send('sidelight.pause', { wanted })
  end,
  resume = function()
    send('sidelight.pause', { 0 })
  end,
  signin = function()
    send('sidelight.signIn', nil, function(result)
      if type(result) == 'table' and result.signedIn then
        say({ 'Sidelight: signed in.' })
      end
    end)
  end,
  signout = function()
    send('sidelight.signOut')
  end,
  explain = function()
    -- The server shows the sentences itself, as it does in every editor.
    local here = { uri = vim.uri_from_bufnr(0) }
    local running = client.any()
    if running then
      here.position = vim.lsp.util.make_position_params(0, running.offset_encoding).position
    end
    send('sidelight.explain', { here }, function(result)
      if not result then
        say({ 'Sidelight has nothing to explain here.' })
      end
    end)
  end,
  what_was_sent = function()
    send('sidelight.whatWasSent', { vim.uri_from_bufnr(0) }, function(result)
      local content = type(result) == 'table' and result.text or result
      if type(content) == 'string' then
        show('what_was_sent', content)
      else
        say({ 'Nothing was sent for this file since the server started.' })
      end
    end)
  end,
  usage = function()
    send('sidelight.usage')
  end,
  restart = function()
    client.restart()
  end,
  log = function()
    vim.cmd.tabedit(vim.fn.fnameescape(vim.lsp.log.get_filename()))
  end,
}

---@return string[]
local function names()
  local all = vim.tbl_keys(commands)
  table.sort(all)
  return all
end

---@param words string[] The words behind `:Sidelight`; none means `status`.
function M.run(words)
  local command = commands[words[1] or 'status']
  if not command then
    vim.notify(
      ('Sidelight knows no "%s"; it knows %s.'):format(words[1], table.concat(names(), ', ')),
      vim.log.levels.WARN
    )
    return
  end
  command(words[2])
end

---@param typed string
---@param line string
---@return string[]
function M.complete(typed, line)
  local before = vim.trim(line:sub(1, #line - #typed))
  if before:find('%s') then
    return {} -- Only the first word is one of ours.
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, typed)
  end, names())
end

return M
