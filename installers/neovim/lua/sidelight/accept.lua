-- Taking a suggestion: the keys, the edit, and telling the server about it.

local compat = require('sidelight.compat')
local ghost = require('sidelight.ghost')
local suggest = require('sidelight.suggest')

local M = {}

---@alias sidelight.Action 'accept'|'suggest'|'dismiss'

---The key of each action, and what that key did before.
---@type table<sidelight.Action, { key: string, before: table|nil }>
local taken = {}

local function keycodes(keys)
  return vim.api.nvim_replace_termcodes(keys, true, true, true)
end

---@param action sidelight.Action
---@return string keys What to type instead of the action's key when there is nothing to act on.
local function otherwise(action)
  local map = taken[action].before
  if not map then
    return keycodes(taken[action].key)
  end
  if map.callback and map.expr ~= 1 then
    vim.schedule(map.callback)
    return ''
  end
  if map.expr == 1 then
    local keys = map.callback and map.callback() or vim.api.nvim_eval(map.rhs)
    if type(keys) ~= 'string' then
      return ''
    end
    return map.replace_keycodes == 1 and keycodes(keys) or keys
  end
  if map.noremap == 1 then
    return keycodes(map.rhs)
  end
  -- Only fed keys are mapped again, which is what a recursive map of the person's relies on.
  vim.api.nvim_feedkeys(keycodes(map.rhs), 'im', false)
  return ''
end

---@param action sidelight.Action
---@param key string
---@param describe string
---@param applies fun(): boolean Whether there is something to act on.
local function map(action, key, describe, applies)
  local earlier = vim.fn.maparg(key, 'i', false, true)
  if vim.tbl_isempty(earlier) then
    taken[action] = { key = key }
  elseif not vim.startswith(earlier.desc or '', 'Sidelight: ') then
    taken[action] = { key = key, before = earlier }
  end
  vim.keymap.set('i', key, function()
    if not applies() then
      return otherwise(action)
    end
    -- An <expr> map may not change text; unlike a scheduled function, a <Cmd> runs before the
    -- keys that are typed behind it.
    return keycodes(('<Cmd>lua require("sidelight.accept").act("%s")<CR>'):format(action))
  end, { expr = true, replace_keycodes = false, silent = true, desc = 'Sidelight: ' .. describe })
end

---Insert what is left of the suggestion, if it still fits, and run its command.
---@return boolean accepted
function M.apply()
  local suggestion, left = ghost.fitting()
  if not suggestion or not left then
    return false
  end
  suggest.forget()
  local row, column = suggestion.row, vim.api.nvim_win_get_cursor(0)[2]
  local lines = vim.split(left, '\n', { plain = true })
  -- Setting the option closes the undo block: one undo takes the suggestion back and no key.
  vim.bo.undolevels = vim.bo.undolevels
  vim.api.nvim_buf_set_text(0, row, column, row, column + #suggestion.tail, lines)
  local last = #lines[#lines] + (#lines == 1 and column or 0)
  vim.api.nvim_win_set_cursor(0, { row + #lines, last })
  local client = vim.lsp.get_client_by_id(suggestion.client_id)
  if client and suggestion.command then
    compat.call(client, 'request', 'workspace/executeCommand', {
      command = suggestion.command.command,
      arguments = suggestion.command.arguments,
    }, function() end, suggestion.bufnr)
  end
  return true
end

---What a mapped key does. Neovim evaluates an <expr> map while the key before it is not in the
---text yet, so whether there is something to act on is asked again here.
---@param action sidelight.Action
function M.act(action)
  if action == 'suggest' then
    suggest.now()
  elseif action == 'dismiss' and ghost.fitting() then
    suggest.forget()
  elseif action ~= 'accept' or not M.apply() then
    vim.api.nvim_feedkeys(otherwise(action), 'in', false)
  end
end

---Map the keys of the configuration. A key that is false is left alone.
---@param keys sidelight.Keys
function M.map(keys)
  local function shown()
    return ghost.fitting() ~= nil
  end
  if keys.accept then
    map('accept', keys.accept, 'accept the suggestion', shown)
  end
  if keys.suggest then
    map('suggest', keys.suggest, 'ask for a suggestion', function()
      return true
    end)
  end
  if keys.dismiss then
    map('dismiss', keys.dismiss, 'hide the suggestion', shown)
  end
end

return M
