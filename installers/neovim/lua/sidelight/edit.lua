-- Puts a suggestion, or a word or a line of it, into the text, and tells the server.

local compat = require('sidelight.compat')
local ghost = require('sidelight.ghost')

local M = {}

---@alias sidelight.Unit 'all'|'word'|'line'

---@param text string
---@return integer units How many UTF-16 units it has, as LSP counts by default.
local function utf16_units(text)
  local units = 0
  for byte in text:gmatch('[%z\1-\127\194-\244]') do
    units = units + (byte:byte() >= 0xF0 and 2 or 1)
  end
  return units
end

---@param left string
---@param unit sidelight.Unit
---@return string
local function part_of(left, unit)
  if unit == 'word' then
    return left:match('^%s*[%w_\128-\255]+') or left:match('^%s*[^%w%s_\128-\255]+') or left
  end
  return unit == 'line' and left:match('^\n?[^\n]*') or left
end

---@param suggestion sidelight.Suggestion
---@param rest string What of it is not in the text.
local function tell(suggestion, rest)
  local client = vim.lsp.get_client_by_id(suggestion.client_id)
  if not client then
    return
  end
  if rest == '' then
    if suggestion.item.command then
      compat.call(client, 'request', 'workspace/executeCommand', {
        command = suggestion.item.command.command,
        arguments = suggestion.item.command.arguments,
      }, function() end, suggestion.bufnr)
    end
    return
  end
  local whole = suggestion.item.insertText:gsub('\r\n?', '\n')
  compat.call(client, 'notify', 'textDocument/didPartiallyAcceptCompletion', {
    item = suggestion.item,
    acceptedLength = utf16_units(whole) - utf16_units(rest),
  })
end

---Insert at the cursor, and keep showing what is left of the suggestion.
---@param suggestion sidelight.Suggestion
---@param left string What is left of it at the cursor.
---@param unit sidelight.Unit
function M.put(suggestion, left, unit)
  local part = part_of(left, unit)
  local rest = left:sub(#part + 1)
  local covered = rest == '' and #suggestion.tail or ghost.covered(suggestion.tail, left, #part)
  local row, column = suggestion.row, vim.api.nvim_win_get_cursor(0)[2]
  local lines = vim.split(part, '\n', { plain = true })
  -- Setting the option closes the undo block: one undo takes the suggestion back and no key.
  vim.bo.undolevels = vim.bo.undolevels
  vim.api.nvim_buf_set_text(0, row, column, row, column + covered, lines)
  local last = #lines[#lines] + (#lines == 1 and column or 0)
  vim.api.nvim_win_set_cursor(0, { row + #lines, last })
  if rest ~= '' then
    ghost.show_rest(suggestion, rest, covered)
  end
  tell(suggestion, rest)
end

return M
