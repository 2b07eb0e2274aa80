-- The options of `setup()`: their defaults, and sentences for what does not fit.

local M = {}

---@class sidelight.Keys
---@field accept string|false Takes the suggestion; without one it does what it did before.
---@field accept_word string|false Takes the next word of it; otherwise as `accept`.
---@field accept_line string|false Takes the rest of the line, or the next one; otherwise as `accept`.
---@field suggest string|false Asks for a suggestion now.
---@field dismiss string|false Hides the suggestion; without one it does what it did before.

---@class sidelight.Config
---@field cmd string[] How the language server is started.
---@field cmd_env table<string, string>|nil Environment variables for it.
---@field filetypes string[]|nil Where it is attached; nil means every file with a file type.
---@field root_markers string[] What marks the root folder of a project.
---@field debounce_ms integer How long typing must rest before a suggestion is asked for.
---@field keys sidelight.Keys
---@field native boolean Let Neovim 0.12 draw the ghost itself; older ones have none of their own.
---@field settings table Settings of this editor, such as `{ completions = { max_lines = 2 } }`.

---@type sidelight.Config
M.defaults = {
  cmd = { 'sidelight', 'lsp' },
  cmd_env = nil,
  filetypes = nil,
  root_markers = { '.git' },
  debounce_ms = 75,
  keys = {
    accept = '<Tab>',
    accept_word = false,
    accept_line = false,
    suggest = false,
    dismiss = false,
  },
  native = false,
  settings = {},
}

---@type sidelight.Config
M.current = vim.deepcopy(M.defaults)

local kinds = {
  cmd = 'table',
  cmd_env = 'table',
  filetypes = 'table',
  root_markers = 'table',
  debounce_ms = 'number',
  keys = 'table',
  native = 'boolean',
  settings = 'table',
}

---@param given table
---@return string[] problems One sentence for each option that cannot be taken.
function M.problems(given)
  local problems = {}
  for name, value in pairs(given) do
    if not kinds[name] then
      table.insert(problems, ('there is no option "%s"'):format(name))
    elseif type(value) ~= kinds[name] then
      table.insert(problems, ('"%s" must be a %s, not a %s'):format(name, kinds[name], type(value)))
    end
  end
  for name, value in pairs(type(given.keys) == 'table' and given.keys or {}) do
    if M.defaults.keys[name] == nil then
      table.insert(problems, ('there is no key "%s"'):format(name))
    elseif value ~= false and type(value) ~= 'string' then
      table.insert(problems, ('the key "%s" must be a string or false'):format(name))
    end
  end
  table.sort(problems)
  return problems
end

---Take over options; on any problem nothing is taken.
---@param given table|nil
---@return string[] problems
function M.take(given)
  given = given or {}
  local problems = M.problems(given)
  if #problems == 0 then
    M.current = vim.tbl_deep_extend('force', vim.deepcopy(M.defaults), given)
  end
  return problems
end

return M
