-- `:Sidelight status|pause|resume|signin|log`.

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
