;;; eglot_script.el --- Drives eglot without a screen and prints what came  -*- lexical-binding: t -*-

;; Arguments, by the environment: SCRIPT_CONFIGURATION, SCRIPT_FOLDER, SCRIPT_FILE, SCRIPT_TYPED.

(require 'project)
(load (getenv "SCRIPT_CONFIGURATION"))

(setq project-find-functions (list (lambda (_) (cons 'transient (getenv "SCRIPT_FOLDER")))))
(setq eglot-sync-connect 20 eglot-autoshutdown nil eglot-connect-timeout 20)

(find-file (getenv "SCRIPT_FILE"))
(python-mode)
(apply #'eglot (eglot--guess-contact))
(goto-char (point-max))

;; Typed anew each time: the gateway may not have read the workspace at first.
(let ((start (point)) (deadline (+ (float-time) 25)) (found nil))
  (while (and (not found) (< (float-time) deadline))
    (delete-region start (point-max))
    (dolist (typed (append (getenv "SCRIPT_TYPED") nil))
      (insert typed)
      (eglot--signal-textDocument/didChange)
      (accept-process-output nil 0.04))
    (let ((menu (eglot-completion-at-point)))
      (setq found (and menu (all-completions "" (nth 2 menu))))))
  (princ (format "offered: %S\n" (mapcar #'substring-no-properties found))))

(ignore-errors (eglot-shutdown (eglot-current-server)))
(set-buffer-modified-p nil)
