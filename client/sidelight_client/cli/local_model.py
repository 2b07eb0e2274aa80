"""Puts the model on this machine together for the embedded gateway."""

from __future__ import annotations

from pathlib import Path

from ..adapters import llama_local
from ..adapters.model_store import ModelStore
from ..embedded.model_completer import ModelCompleter

AUTO, NONE = "auto", "none"


def local_model(models: Path, wanted: str) -> ModelCompleter | None:
    """What answers from the model called `wanted`; None where it, or llama.cpp, is not here.

    Args:
        models: the folder of model files.
        wanted: a name of the catalogue, `auto` for the best that was added, or `none`.
    """
    if wanted == NONE or not llama_local.available():
        return None
    kept = ModelStore(models).best("" if wanted == AUTO else wanted)
    if kept is None:
        return None
    return ModelCompleter(
        kept.model.title,
        lambda threads: llama_local.LlamaModel(kept.path, threads),
        kept.model.template,
        # Who names a model wants to see it write; otherwise what is right more often goes first.
        before_workspace=kept.model.before_workspace or wanted != AUTO,
    )
