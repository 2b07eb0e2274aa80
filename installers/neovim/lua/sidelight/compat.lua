-- The differences between Neovim 0.10, 0.11 and 0.12, each in one function.

local M = {}

local has_methods = vim.fn.has('nvim-0.11') == 1

---Call a method of a client: `client.request(…)` up to 0.10, `client:request(…)` from 0.11.
---@param client vim.lsp.Client
---@param name string
function M.call(client, name, ...)
  if has_methods then
    return client[name](client, ...)
  end
  return client[name](...)
end

---The byte column of an LSP column; what lies behind the end of the line is its end.
---@param line string
---@param encoding string `utf-8`, `utf-16` or `utf-32`
---@param column integer
---@return integer
function M.byte_column(line, encoding, column)
  if has_methods then
    return vim.str_byteindex(line, encoding, column, false)
  end
  if encoding == 'utf-8' then
    return math.min(column, #line)
  end
  local within, byte = pcall(vim.str_byteindex, line, column, encoding == 'utf-16')
  return within and byte or #line
end

---A decoded JSON value with every null gone: 0.12 hands `vim.NIL` over where 0.11 has nil.
function M.plain(value)
  if value == vim.NIL then
    return nil
  end
  if type(value) ~= 'table' then
    return value
  end
  -- The metatable tells an empty object from an empty list when it is encoded again.
  local plain = setmetatable({}, getmetatable(value))
  for key, inner in pairs(value) do
    plain[key] = M.plain(inner)
  end
  return plain
end

return M
