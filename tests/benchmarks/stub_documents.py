"""What peers and Sidelight ask a gateway beside completions: the stub's fixed documents."""

from __future__ import annotations

import json
from typing import Any

CAPS: dict[str, Any] = {
    "cloud_name": "stub",
    "endpoint_style": "openai",
    "endpoint_template": "/v1/completions",
    "chat_endpoint_style": "openai",
    "code_completion_default_model": "starcoder2/3b/vllm",
    "code_completion_models": {
        "starcoder2/3b/vllm": {
            "n_ctx": 4096,
            "supports_scratchpads": {"FIM-PSM": {}},
            "default_scratchpad": "FIM-PSM",
        }
    },
    "code_chat_models": {},
    "running_models": ["starcoder2/3b/vllm"],
    "telemetry_basic_dest": "",
    "tokenizer_path_template": "/tokenizer/$MODEL",
    "tokenizer_rewrite_path": {},
    "caps_version": 1,
}
"""What refact-lsp 0.10 asks a self-hosted server."""

HEALTH: dict[str, Any] = {
    "model": "stub",
    "device": "cpu",
    "arch": "",
    "cpu_info": "",
    "cpu_count": 1,
    "cuda_devices": [],
    "version": {
        "build_date": "",
        "build_timestamp": "",
        "git_sha": "",
        "git_describe": "0.20.0",
    },
}
"""What Tabby's agent asks before it asks for a completion."""


def tokenizer() -> bytes:
    """A tokenizer of single bytes, in the file format of the library refact uses."""
    words = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "ĉ"]
    vocabulary = {word: number for number, word in enumerate(words)}
    specials = [
        {
            "id": len(words) + number,
            "content": word,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, word in enumerate(
            ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>")
        )
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": specials,
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": None},
        }
    ).encode()
