-- The suggestion on the screen: whether it still fits what is typed, and how it is drawn.
--
-- Invariant: a ghost only ever adds. What stands before the cursor is compared with the item
-- before anything is shown, and text behind the cursor is replaced only by an item that brings
-- the same characters again, in the same order.

local compat = require('sidelight.compat')

local M = {}

M.namespace = vim.api.nvim_create_namespace('sidelight')
M.highlight = 'SidelightGhost'

---@class sidelight.Suggestion
---@field bufnr integer
---@field row integer Zero-based line of the cursor.
---@field line_count integer
---@field start integer Byte column where the replaced range starts.
---@field cursor integer Byte column of the cursor when it was asked for.
---@field head string The line before the range.
---@field rest string The line behind the cursor.
---@field tail string The part of `rest` the item replaces.
---@field text string The whole text of the item, with LF line ends.
---@field client_id integer
---@field item table The item as the server sent it; it holds what to tell when it is accepted.

---@type sidelight.Suggestion|nil
local shown = nil

local CHARACTER = '()([%z\1-\127\194-\244][\128-\191]*)'

---@param tail string What stands behind the cursor and would be replaced.
---@param text string What would replace it.
---@return { [1]: integer, [2]: string }[]|nil pieces Byte offset in `tail` and what is added before
---it; nil when a character of `tail` other than a blank would be lost.
local function woven(tail, text)
  local pieces, from = {}, 1
  for byte, character in tail:gmatch(CHARACTER) do
    if character ~= ' ' and character ~= '\t' then
      local first, last = text:find(character, from, true)
      if not first then
        return nil
      end
      table.insert(pieces, { byte - 1, text:sub(from, first - 1) })
      from = last + 1
    end
  end
  table.insert(pieces, { #tail, text:sub(from) })
  return vim.tbl_filter(function(piece)
    return piece[2] ~= ''
  end, pieces)
end

---@param suggestion sidelight.Suggestion
---@return string|nil remaining What is left to insert at the cursor; nil when it does not fit.
function M.left_of(suggestion)
  local bufnr = vim.api.nvim_get_current_buf()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  if
    bufnr ~= suggestion.bufnr
    or row - 1 ~= suggestion.row
    or column < suggestion.cursor
    or vim.api.nvim_buf_line_count(bufnr) ~= suggestion.line_count
  then
    return nil
  end
  local line = vim.api.nvim_get_current_line()
  local typed = line:sub(suggestion.start + 1, column)
  if
    line:sub(1, suggestion.start) ~= suggestion.head
    or line:sub(column + 1) ~= suggestion.rest
    or not vim.startswith(suggestion.text, typed)
  then
    return nil
  end
  local left = suggestion.text:sub(#typed + 1)
  if left == '' or left == suggestion.tail or not woven(suggestion.tail, left) then
    return nil
  end
  return left
end

---@param text string
---@param width integer The display column it starts at.
---@return string expanded With tabs as the blanks they would be here.
local function expanded(text, width)
  local stop = vim.bo.tabstop
  local parts = {}
  for piece, tab in text:gmatch('([^\t]*)(\t?)') do
    width = width + vim.fn.strdisplaywidth(piece)
    table.insert(parts, piece)
    if tab ~= '' then
      local blanks = stop - width % stop
      table.insert(parts, (' '):rep(blanks))
      width = width + blanks
    end
  end
  return table.concat(parts)
end

---@param suggestion sidelight.Suggestion
---@param left string
local function draw(suggestion, left)
  local bufnr, row = suggestion.bufnr, suggestion.row
  vim.api.nvim_buf_clear_namespace(bufnr, M.namespace, 0, -1)
  local column = vim.api.nvim_win_get_cursor(0)[2]
  local width = vim.fn.strdisplaywidth(vim.api.nvim_get_current_line():sub(1, column))
  local lines = vim.split(left, '\n', { plain = true })
  local whole = { { 0, lines[1] } }
  for _, piece in ipairs(woven(suggestion.tail, lines[1]) or whole) do
    vim.api.nvim_buf_set_extmark(bufnr, M.namespace, row, column + piece[1], {
      virt_text = { { expanded(piece[2], width + piece[1]), M.highlight } },
      virt_text_pos = 'inline',
      hl_mode = 'combine',
    })
  end
  if #lines > 1 then
    local below = {}
    for index = 2, #lines do
      table.insert(below, { { expanded(lines[index], 0), M.highlight } })
    end
    vim.api.nvim_buf_set_extmark(bufnr, M.namespace, row, column, { virt_lines = below })
  end
end

---@param item table|nil An item of the server's answer.
---@param client vim.lsp.Client
---@return sidelight.Suggestion|nil
local function suggestion_of(item, client)
  if type(item) ~= 'table' or type(item.insertText) ~= 'string' then
    return nil -- A snippet (StringValue) was never offered to us, because we did not ask for any.
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local line = vim.api.nvim_get_current_line()
  local first, last = column, column
  if item.range then
    if item.range.start.line ~= row or item.range['end'].line ~= row then
      return nil
    end
    first = compat.byte_column(line, client.offset_encoding, item.range.start.character)
    last = compat.byte_column(line, client.offset_encoding, item.range['end'].character)
  end
  if first > column or last < column then
    return nil
  end
  return {
    bufnr = bufnr,
    row = row,
    line_count = vim.api.nvim_buf_line_count(bufnr),
    start = first,
    cursor = column,
    head = line:sub(1, first),
    rest = line:sub(column + 1),
    tail = line:sub(column + 1, last),
    text = (item.insertText:gsub('\r\n?', '\n')),
    client_id = client.id,
    item = item,
  }
end

---Show the first item that fits at the cursor, or nothing.
---@param items table[]
---@param client vim.lsp.Client
function M.offer(items, client)
  M.clear()
  for _, item in ipairs(items) do
    local suggestion = suggestion_of(item, client)
    local left = suggestion and M.left_of(suggestion)
    if suggestion and left then
      shown = suggestion
      draw(suggestion, left)
      return
    end
  end
end

---Trim the ghost by what was typed, or clear it when that is something else.
---@return boolean fits
function M.follow()
  if not shown then
    return false
  end
  local left = M.left_of(shown)
  if not left then
    M.clear()
    return false
  end
  draw(shown, left)
  return true
end

---How many bytes of what stands behind the cursor a part of the rest brings again.
---@param tail string
---@param left string
---@param taken integer How many bytes of `left` are put in.
---@return integer
function M.covered(tail, left, taken)
  local covered, from = 0, 1
  for byte, character in tail:gmatch(CHARACTER) do
    if character ~= ' ' and character ~= '\t' then
      local _, last = left:find(character, from, true)
      if not last or last > taken then
        break
      end
      covered, from = byte + #character - 1, last + 1
    end
  end
  return covered
end

---Show what is left of a suggestion of which a part was put in.
---@param suggestion sidelight.Suggestion
---@param rest string
---@param covered integer How many bytes of its tail are gone.
function M.show_rest(suggestion, rest, covered)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local line = vim.api.nvim_get_current_line()
  M.clear()
  shown = vim.tbl_extend('force', suggestion, {
    row = row - 1,
    line_count = vim.api.nvim_buf_line_count(suggestion.bufnr),
    start = column,
    cursor = column,
    head = line:sub(1, column),
    rest = line:sub(column + 1),
    tail = suggestion.tail:sub(covered + 1),
    text = rest,
  })
  M.follow()
end

---The suggestion with what is left of it, if it fits the buffer as it is this moment.
---It changes nothing, so an `<expr>` map may call it.
---@return sidelight.Suggestion|nil, string|nil
function M.fitting()
  local left = shown and M.left_of(shown)
  if not left then
    return nil, nil
  end
  return shown, left
end

---Take the ghost off the screen.
function M.clear()
  if shown and vim.api.nvim_buf_is_valid(shown.bufnr) then
    vim.api.nvim_buf_clear_namespace(shown.bufnr, M.namespace, 0, -1)
  end
  shown = nil
end

---Define the colour, leaving one that the person has chosen.
function M.define_highlight()
  vim.api.nvim_set_hl(0, M.highlight, { link = 'Comment', default = true })
end

return M
