" Sidelight in Vim with ALE: put this into your vimrc, after ALE. Explanations stand where ALE shows its warnings,
" suggestions in the menu as you type if your vimrc has this before ALE: let g:ale_completion_enabled = 1

function! SidelightRoot(buffer) abort
  let l:git = ale#path#FindNearestDirectory(a:buffer, '.git')
  return !empty(l:git) ? fnamemodify(l:git, ':h:h') : expand('#' . a:buffer . ':p:h')
endfunction

let g:sidelight_filetypes = get(g:, 'sidelight_filetypes', ['python', 'go', 'rust', 'javascript', 'typescript', 'c', 'cpp', 'java'])

" One line at a time: a line end in a completion is put in as a NUL character by Vim's menu.
for s:filetype in g:sidelight_filetypes
  call ale#linter#Define(s:filetype, {
        \ 'name': 'sidelight',
        \ 'lsp': 'stdio',
        \ 'executable': 'sidelight',
        \ 'command': '%e lsp',
        \ 'language': s:filetype,
        \ 'project_root': function('SidelightRoot'),
        \ 'initialization_options': {'sidelight': {'completions': {'max_lines': 1}}},
        \ })
endfor

set omnifunc=ale#completion#OmniFunc
