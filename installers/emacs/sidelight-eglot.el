;;; sidelight-eglot.el --- Sidelight with eglot  -*- lexical-binding: t -*-

;; Put this into your init file and call M-x eglot in a buffer. Eglot runs one server a buffer: where you want your
;; language's own server as well, take lsp-mode, which runs several. Suggestions come by completion-at-point.

(require 'eglot)

(defvar sidelight-eglot-modes
  '(python-mode c-mode c++-mode java-mode js-mode sh-mode ruby-mode perl-mode css-mode
    python-ts-mode c-ts-mode c++-ts-mode java-ts-mode js-ts-mode bash-ts-mode ruby-ts-mode css-ts-mode
    typescript-ts-mode go-ts-mode rust-ts-mode)
  "The modes in which eglot starts Sidelight.")

(add-to-list 'eglot-server-programs (cons sidelight-eglot-modes '("sidelight" "lsp")))

(provide 'sidelight-eglot)
;;; sidelight-eglot.el ends here
