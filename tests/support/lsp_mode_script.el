;;; lsp_mode_script.el --- Drives lsp-mode without a screen and prints what came  -*- lexical-binding: t -*-

;; Arguments, by the environment: SCRIPT_CONFIGURATION, SCRIPT_FOLDER, SCRIPT_FILE, SCRIPT_TYPED,
;; and SCRIPT_FINDING, a line with something to warn of.

(require 'lsp-mode)
(load (getenv "SCRIPT_CONFIGURATION"))

(setq lsp-session-file (expand-file-name "lsp-session" (getenv "HOME"))
      lsp-enabled-clients '(sidelight)
      lsp-enable-file-watchers nil
      lsp-enable-snippet nil
      lsp-debounce-full-sync-notifications nil ; Without a screen there is no idle time to wait for.
      lsp-restart 'ignore)
(lsp-workspace-folders-add (getenv "SCRIPT_FOLDER"))

(defun script-until (what)
  "What WHAT returns as soon as it is true, or nil."
  (let ((deadline (+ (float-time) 25)) (found nil))
    (while (and (not (setq found (funcall what))) (< (float-time) deadline))
      (accept-process-output nil 0.05))
    found))

(find-file (getenv "SCRIPT_FILE"))
(python-mode)
(lsp)
(script-until (lambda () (and (lsp-workspaces)
                              (eq 'initialized (lsp--workspace-status (car (lsp-workspaces)))))))
(goto-char (point-max))

;; Typed anew each time: the gateway may not have read the workspace at first.
(let* ((start (point))
       (found (script-until
               (lambda ()
                 (delete-region start (point-max))
                 (dolist (typed (append (getenv "SCRIPT_TYPED") nil))
                   (insert typed)
                   (accept-process-output nil 0.04))
                 (let ((menu (lsp-completion-at-point)))
                   (and menu (all-completions "" (nth 2 menu))))))))
  (princ (format "offered: %S\n" (mapcar #'substring-no-properties found)))
  (delete-region start (point-max)))

(let ((start (point)))
  (insert (getenv "SCRIPT_FINDING"))
  (insert "\n\n") ; What is being written is looked at when its line is left.
  (goto-char (+ start 12))
  (let ((told (script-until (lambda () (gethash (lsp--fix-path-casing (buffer-file-name)) (lsp-diagnostics t))))))
    (princ (format "diagnostic: %S\n" (mapcar (lambda (one) (gethash "message" one)) told))))
  (princ (format "actions: %S\n" (mapcar (lambda (one) (gethash "title" one))
                                         (append (lsp-code-actions-at-point) nil)))))

(set-buffer-modified-p nil)
(ignore-errors (lsp-workspace-shutdown (car (lsp-workspaces))))
(script-until (lambda () (not (lsp-workspaces))))
