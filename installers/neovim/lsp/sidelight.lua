-- Sidelight without its plugin, for Neovim 0.12: `vim.lsp.enable('sidelight')`.
--
-- Neovim then draws the ghost itself, which needs `vim.lsp.inline_completion.enable()` and a key;
-- `:help sidelight-without-plugin` has both, and tells what the plugin does better. 0.11 has no
-- ghost text of its own and shows the suggestions in its completion menu.

---@type vim.lsp.Config
return {
  cmd = { 'sidelight', 'lsp' },
  root_markers = { '.git' },
  init_options = { sidelight = vim.empty_dict() },
}
