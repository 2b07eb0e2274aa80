-- When a suggestion is asked for, and which answers still count.
--
-- Every question has a generation. Each change of the text or the cursor starts a new one, and an
-- answer to an older generation is dropped by comparing two integers.

local compat = require('sidelight.compat')
local config = require('sidelight.config')
local ghost = require('sidelight.ghost')
local native = require('sidelight.native')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2

local generation = 0
local seen = '' -- The place the last event was about; several events tell of one keystroke.
local timer = assert(vim.uv.new_timer())
local resting = false
---@type { client_id: integer, id: integer }|nil
local asked = nil

---@return string place Buffer, text and cursor: all that an answer depends on.
local function place()
  local bufnr = vim.api.nvim_get_current_buf()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return table.concat({ bufnr, vim.api.nvim_buf_get_changedtick(bufnr), row, column }, ':')
end

---@return vim.lsp.Client|nil
local function client_here()
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = 0, name = 'sidelight' })) do
    if client.initialized and client.server_capabilities.inlineCompletionProvider then
      return client
    end
  end
end

local function inserting()
  return vim.startswith(vim.api.nvim_get_mode().mode, 'i')
end

local function stop_resting()
  timer:stop()
  resting = false
end

---@param request { client_id: integer, id: integer }|nil
local function cancel(request)
  local client = request and vim.lsp.get_client_by_id(request.client_id)
  if request and client and not compat.call(client, 'is_stopped') then
    compat.call(client, 'cancel_request', request.id)
  end
end

---@param kind integer
local function ask(kind)
  stop_resting()
  local client = client_here()
  if not client or not inserting() then
    return
  end
  generation = generation + 1
  seen = place()
  local mine, here = generation, seen
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local older = asked
  asked = nil
  local sent, id = compat.call(client, 'request', METHOD, params, function(failed, answer)
    if mine ~= generation then
      return
    end
    asked = nil
    ghost.clear()
    answer = compat.plain(answer)
    if not failed and answer and here == place() and inserting() then
      ghost.offer(answer.items or answer, client)
    end
  end, vim.api.nvim_get_current_buf())
  if sent then
    asked = { client_id = client.id, id = id }
  end
  -- The newer request goes first, so that the server can join both to one at the gateway.
  cancel(older)
end

---The text or the cursor may have changed: follow it with the ghost, or ask when typing rests.
function M.changed()
  if vim.fn.reg_executing() ~= '' then
    ghost.clear() -- A macro types for itself.
    return
  end
  local now = place()
  if now == seen then
    return
  end
  seen = now
  generation = generation + 1
  if ghost.follow() then
    stop_resting()
    cancel(asked)
    asked = nil
    return
  end
  resting = true
  timer:start(config.current.debounce_ms, 0, vim.schedule_wrap(function()
    -- A timer that was stopped may have been due already.
    if resting and not timer:is_active() then
      ask(AUTOMATIC)
    end
  end))
end

---Ask at once, because the person said so.
function M.now()
  ask(INVOKED)
end

---Forget everything: the ghost, the rest of typing, the answer that is under way.
function M.forget()
  generation = generation + 1
  seen = ''
  stop_resting()
  ghost.clear()
  cancel(asked)
  asked = nil
end

---@return boolean # Whether nothing is waited for: neither a rest in typing nor an answer.
function M.idle()
  return not resting and not asked
end

---Watch every buffer a client of ours is attached to.
---@param group integer
function M.watch(group)
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, {
    group = group,
    callback = function()
      if client_here() and not (native.exists() and config.current.native) then
        M.changed()
      end
    end,
  })
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave', 'WinLeave' }, {
    group = group,
    callback = M.forget,
  })
end

return M
