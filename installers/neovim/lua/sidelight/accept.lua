-- Taking a suggestion: the keys, the edit, and telling the server about it.

local compat = require('sidelight.compat')
local ghost = require('sidelight.ghost')
local suggest = require('sidelight.suggest')

local M = {}

---What each key of ours did before, by its name.
---@type table<string, table>
local before = {}

local function keycodes(keys)
  return vim.api.nvim_replace_termcodes(keys, true, true, true)
end

---@param key string
---@return string keys What to type instead of `key` when it is not ours to act on.
local function otherwise(key)
  local map = before[key]
  if not map then
    return keycodes(key)
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

---@param key string
---@param describe string
---@param keys fun(): string|nil What to type instead, or nil to do what the key did before.
local function map(key, describe, keys)
  local function pressed()
    return keys() or otherwise(key)
  end
  local earlier = vim.fn.maparg(key, 'i', false, true)
  if not vim.tbl_isempty(earlier) and not vim.startswith(earlier.desc or '', 'Sidelight: ') then
    before[key] = earlier
  end
  vim.keymap.set('i', key, pressed, {
    expr = true,
    replace_keycodes = false,
    silent = true,
    desc = 'Sidelight: ' .. describe,
  })
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

---Map the keys of the configuration. A key that is false is left alone.
---@param keys sidelight.Keys
function M.map(keys)
  if keys.accept then
    map(keys.accept, 'accept the suggestion', function()
      if ghost.fitting() then
        -- An <expr> map may not change text; unlike a scheduled function, a <Cmd> runs before
        -- the keys that are typed behind it.
        return keycodes('<Cmd>lua require("sidelight.accept").apply()<CR>')
      end
    end)
  end
  if keys.suggest then
    map(keys.suggest, 'ask for a suggestion', function()
      return keycodes('<Cmd>lua require("sidelight").suggest()<CR>')
    end)
  end
  if keys.dismiss then
    map(keys.dismiss, 'hide the suggestion', function()
      if ghost.fitting() then
        return keycodes('<Cmd>lua require("sidelight").dismiss()<CR>')
      end
    end)
  end
end

return M
