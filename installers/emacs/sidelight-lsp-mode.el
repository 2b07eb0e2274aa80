;;; sidelight-lsp-mode.el --- Sidelight with lsp-mode  -*- lexical-binding: t -*-

;; Put this into your init file; M-x lsp starts Sidelight beside the server of the language.

(require 'lsp-mode)

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection '("sidelight" "lsp"))
  :activation-fn (lambda (_file mode) (provided-mode-derived-p mode 'prog-mode 'text-mode))
  :priority -2
  :add-on? t
  :multi-root t
  :server-id 'sidelight))

(provide 'sidelight-lsp-mode)
;;; sidelight-lsp-mode.el ends here
