-- The inline completion of Neovim 0.12 itself, for those who prefer it; accepting is repaired here.
--
-- 0.12 puts an item where its range was when it was asked for, which doubles what was typed since
-- (neovim#36529), and replaces the person's text by an item that does not begin with it.

local edit = require('sidelight.edit')
local ghost = require('sidelight.ghost')

local M = {}

---@return boolean
function M.exists()
  return vim.lsp.inline_completion ~= nil
end

---@param item vim.lsp.inline_completion.Item
---@return sidelight.Suggestion|nil suggestion As the buffer is this moment, not when it was asked for.
local function repaired(item)
  local client = vim.lsp.get_client_by_id(item.client_id)
  if not client or type(item.insert_text) ~= 'string' or not item.range then
    return nil
  end
  local row, first, last_row, last = item.range:to_extmark()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  if row ~= last_row or row ~= cursor[1] - 1 or cursor[2] < first then
    return nil
  end
  -- Our server's ranges begin at the cursor, so what they hold beyond that stood behind it.
  local rest = line:sub(cursor[2] + 1)
  return {
    bufnr = vim.api.nvim_get_current_buf(),
    row = row,
    line_count = vim.api.nvim_buf_line_count(0),
    start = first,
    cursor = first,
    head = line:sub(1, first),
    rest = rest,
    tail = rest:sub(1, last - first),
    text = (item.insert_text:gsub('\r\n?', '\n')),
    client_id = item.client_id,
    item = { insertText = item.insert_text, command = item.command },
  }
end

---Insert what is left of the item that is shown, if it still fits.
---@param unit sidelight.Unit
---@return boolean shown False when Neovim shows none.
function M.accept(unit)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local suggestion = repaired(item)
      local left = suggestion and ghost.left_of(suggestion)
      if suggestion and left then
        edit.put(suggestion, left, unit)
        ghost.clear() -- Neovim draws what is left when it has asked again.
      end
      return nil
    end,
  })
end

---Use it for a client, or keep it away so that two ghosts never show.
---@param client_id integer
---@param wanted boolean
function M.enable(client_id, wanted)
  if M.exists() then
    vim.lsp.inline_completion.enable(wanted, { client_id = client_id })
  end
end

return M
