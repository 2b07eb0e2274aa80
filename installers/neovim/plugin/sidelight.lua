-- Defines the `:Sidelight` command; everything else waits for `require('sidelight').setup()`.

if vim.g.loaded_sidelight then
  return
end
vim.g.loaded_sidelight = true

vim.api.nvim_create_user_command('Sidelight', function(arguments)
  require('sidelight.command').run(arguments.fargs)
end, {
  nargs = '*',
  complete = function(typed, line)
    return require('sidelight.command').complete(typed, line)
  end,
  desc = 'Sidelight: its state, signing in, pausing, and why',
})
