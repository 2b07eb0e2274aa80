-- Taking a suggestion: the keys, the edit, and telling the server about it.

local config = require('sidelight.config')
local edit = require('sidelight.edit')
local ghost = require('sidelight.ghost')
local native = require('sidelight.native')
local suggest = require('sidelight.suggest')

local M = {}

---@alias sidelight.Action 'accept'|'accept_word'|'accept_line'|'suggest'|'dismiss'

---@type table<sidelight.Action, sidelight.Unit>
local units = { accept = 'all', accept_word = 'word', accept_line = 'line' }

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

---Insert what is left of the suggestion, or a part of that, if it still fits.
---@param unit sidelight.Unit|nil Nil means all of it.
---@return boolean accepted
function M.apply(unit)
  if native.exists() and config.current.native then
    return native.accept(unit or 'all')
  end
  local suggestion, left = ghost.fitting()
  if not suggestion or not left then
    return false
  end
  suggest.forget()
  edit.put(suggestion, left, unit or 'all')
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
  elseif not units[action] or not M.apply(units[action]) then
    vim.api.nvim_feedkeys(otherwise(action), 'in', false)
  end
end

---Map the keys of the configuration. A key that is false is left alone.
---@param keys sidelight.Keys
function M.map(keys)
  local function shown()
    -- Whether Neovim's own one is shown, only `act` can find out.
    return ghost.fitting() ~= nil or (native.exists() and config.current.native)
  end
  if keys.accept then
    map('accept', keys.accept, 'accept the suggestion', shown)
  end
  if keys.accept_word then
    map('accept_word', keys.accept_word, 'accept a word of the suggestion', shown)
  end
  if keys.accept_line then
    map('accept_line', keys.accept_line, 'accept a line of the suggestion', shown)
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
