-- Sidelight without its plugin, for Neovim 0.12: `vim.lsp.enable('sidelight')`.
--
-- Neovim then draws the ghost itself, which needs `vim.lsp.inline_completion.enable()` and a key;
-- `:help sidelight-without-plugin` has both, and tells what the plugin does better. 0.11 has no
-- ghost text of its own and shows the suggestions in its completion menu.

---@type vim.lsp.Config
return {
  cmd = { 'sidelight', 'lsp' },
  -- All kinds of files are served, and nothing that is none: a terminal, a list, an empty window.
  root_dir = function(bufnr, on_dir)
    local name = vim.api.nvim_buf_get_name(bufnr)
    if name ~= '' and vim.bo[bufnr].buftype == '' then
      on_dir(vim.fs.root(bufnr, '.git') or vim.fs.dirname(name))
    end
  end,
  init_options = { sidelight = vim.empty_dict() },
}
