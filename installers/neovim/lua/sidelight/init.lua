-- Sidelight in Neovim: `require('sidelight').setup()` and the few functions a configuration may use.

local M = {}

local ready = false

---Start Sidelight where files are open and where they will be. Calling it again takes new options.
---@param options table|nil See |sidelight-setup|.
function M.setup(options)
  if vim.fn.has('nvim-0.10') == 0 then
    vim.notify('Sidelight needs Neovim 0.10 or newer.', vim.log.levels.ERROR)
    return
  end
  local config = require('sidelight.config')
  local problems = config.take(options)
  if #problems > 0 then
    vim.notify('Sidelight did not start: ' .. table.concat(problems, '; '), vim.log.levels.ERROR)
    return
  end
  local ghost = require('sidelight.ghost')
  local group = vim.api.nvim_create_augroup('sidelight', { clear = true })
  ghost.define_highlight()
  vim.api.nvim_create_autocmd('ColorScheme', { group = group, callback = ghost.define_highlight })
  require('sidelight.accept').map(config.current.keys)
  require('sidelight.suggest').watch(group)
  require('sidelight.client').watch(group)
  ready = true
end

---@return boolean
function M.is_set_up()
  return ready
end

---One phrase about the state, for 'statusline': `%{%v:lua.require'sidelight'.statusline()%}`.
---@return string
function M.statusline()
  return require('sidelight.status').line()
end

---The state as the server sent it (`$/sidelight/status`), or nil while none is known.
---@return table|nil
function M.state()
  return require('sidelight.status').state()
end

---Insert the suggestion that is shown, or a part of it.
---@param unit sidelight.Unit|nil `'all'` (nil), `'word'` or `'line'`.
---@return boolean accepted False when there is none.
function M.accept(unit)
  return require('sidelight.accept').apply(unit)
end

---Ask for a suggestion now, in insert mode.
function M.suggest()
  require('sidelight.suggest').now()
end

---Hide the suggestion.
function M.dismiss()
  require('sidelight.suggest').forget()
end

return M
